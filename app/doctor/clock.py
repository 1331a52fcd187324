"""A check of this machine's clock against the brokers' stamps."""

import time

from app.doctor.findings import Finding, fail, ok, skip
from app.edges.kafka.survey import Survey
from app.engine.cluster.broker_clock import FRESH
from app.policies.limits.broker_clock import PATIENCE
from app.settings.models import KafkaSettings

LATEST = 2 * FRESH
"""Seconds after which a worker that runs has written to the control topic for certain."""
_REMEDY = (
    "Set the one that is wrong (NTP): what is due and what has expired goes by the brokers' clock,"
    " logs and signatures by this machine's."
)


async def check_clock(
    cluster: Survey, kafka: KafkaSettings, hosts: int, now: float | None = None
) -> list[Finding]:
    """Compare this machine's clock with the time that the newest record was written at.

    Args:
        kafka: Names the control topic, to which every worker writes once a minute.
    """
    newest = await cluster.newest_time(kafka.control_topic)
    if newest is None:
        return [skip("clock", "nothing was written to the control topic yet")]
    ahead = (time.time() if now is None else now) - newest
    if ahead < -PATIENCE:
        problem = f"this machine's clock is at least {-ahead:.0f} s behind the brokers'"
        return [fail("clock", problem, _REMEDY)]
    if hosts and ahead > LATEST + PATIENCE:
        problem = (
            f"workers run and write every {FRESH:.0f} s, and what they wrote last is {ahead:.0f} s"
            " old by this machine's clock: it is ahead of the brokers'"
        )
        return [fail("clock", problem, _REMEDY)]
    return [ok("clock", "agrees with the brokers', as far as can be seen")]
