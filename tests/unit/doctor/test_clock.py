"""The doctor's look at this machine's clock."""

import pytest

from app.doctor.clock import check_clock
from app.doctor.findings import Verdict
from app.settings.models import KafkaSettings
from tests.support.survey import Cluster, FakeSurvey

NOW = 1_767_225_600.0
KAFKA = KafkaSettings(bootstrap_servers="kafka.example:9092")


@pytest.mark.parametrize(
    ("newest", "hosts", "verdict", "words"),
    [
        (None, 0, Verdict.SKIP, "nothing was written"),
        (NOW - 50, 1, Verdict.OK, "agrees"),
        (NOW + 29, 1, Verdict.OK, "agrees"),
        (NOW - 7200, 0, Verdict.OK, "agrees"),
        (NOW + 31, 0, Verdict.FAIL, "at least 31 s behind the brokers'"),
        (NOW - 600, 2, Verdict.FAIL, "600 s old by this machine's clock"),
    ],
)
async def test_holds_the_clock_against_what_was_written_last(
    newest: float | None, hosts: int, verdict: Verdict, words: str
) -> None:
    """From the future it cannot be; and where workers run, it is not long ago."""
    cluster = FakeSurvey(Cluster(newest=newest))
    (finding,) = await check_clock(cluster, KAFKA, hosts, now=NOW)
    assert finding.verdict is verdict
    assert words in finding.text
