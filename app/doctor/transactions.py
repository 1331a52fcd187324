"""Checks whether open transactions hold records back."""

import asyncio
import time
from collections.abc import Callable

from app.doctor.findings import Finding, fail
from app.edges.kafka.survey import Survey
from app.edges.kafka.transactions import Holder, OpenTransaction
from app.settings.models import KafkaSettings

LOOK_AGAIN = 1.0
"""Seconds: most transactions have ended by then."""


async def check_transactions(
    cluster: Survey, kafka: KafkaSettings, now: Callable[[], float] = time.time
) -> list[Finding]:
    """Find records that wait behind open transactions; yield nothing if none do."""
    partitions = list(await cluster.log_ranges(kafka.topics))
    first = await cluster.open_transactions(partitions)
    if not first:
        return []
    await asyncio.sleep(LOOK_AGAIN)
    still = await cluster.open_transactions([each.partition for each in first])
    seen = {(each.partition, each.offset) for each in first}
    return [_finding(each, now()) for each in still if (each.partition, each.offset) in seen]


def _finding(held: OpenTransaction, now: float) -> Finding:
    topic, number = held.partition
    problem = (
        f"{topic}/{number}: {held.end - held.offset:,} records from offset {held.offset} on wait"
        f" behind a transaction that {_whose(held.holder, now)} has neither committed nor aborted"
    )
    remedy = (
        "Let that producer end it, or abort it if the producer is gone for good:"
        " kafka-transactions.sh --bootstrap-server … abort"
        f" --topic {topic} --partition {number} --start-offset {held.offset}"
    )
    return fail("transactions", problem, remedy)


def _whose(holder: Holder | None, now: float) -> str:
    if holder is None:
        return "a producer"
    name = "" if holder.transactional_id is None else f" {holder.transactional_id}"
    ago = max(now - holder.last_written, 0.0)
    return f"the producer{name} (id {holder.producer_id}, last wrote {ago:.0f} s ago)"
