"""The group's workers tell each other, so that one of them can tell the operator for all."""

from typing import TYPE_CHECKING

import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.follower import Follower
from app.engine.notices.exchange import Exchange
from app.policies.service.operator_records import TOLD_KEY, read_report, read_told, report_key
from app.values.notice import Report
from app.values.outcome import Retry
from tests.support.engine import SkewedClock
from tests.support.notices import AWAY, HOOK, Bench
from tests.support.topic import make_topics

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Stage

CONTROL = "notifications.control"


def exchange(stage: "Stage", clock: SkewedClock) -> Exchange:
    """Return what a worker of the group exchanges with the others."""
    follower = Follower(stage.connection, CONTROL, "what other workers report")
    return Exchange(stage.producer, follower, CONTROL, clock)


@pytest.fixture
async def clock(stage: "Stage") -> SkewedClock:
    """One clock for the group, which the broker has as well."""
    await make_topics(stage.broker.address, CONTROL)
    return stage.clock


def worker(stage: "Stage", name: str, clock: SkewedClock, *, speaks: bool) -> Bench:
    """Return a worker of the group."""
    bench = Bench(name, exchange=exchange(stage, clock), clock=clock)
    bench.speaks = speaks
    return bench


async def test_one_worker_tells_what_another_sees(stage: "Stage", clock: SkewedClock) -> None:
    """A destination that only the other one sends to; and that it works again."""
    speaker, other = (
        worker(stage, "host:1", clock, speaks=True),
        worker(stage, "host:2", clock, speaks=False),
    )
    other.answer(Retry("HTTP 503"), times=5)
    await other.look()
    await speaker.look()
    clock.let_pass(301)
    stage.producer._now = clock.now  # the embedded broker takes the producer's word for the time
    await other.look()
    await speaker.look(11)
    assert other.told == []
    [text] = speaker.told
    assert f"{HOOK.label} has not worked since" in text
    assert "Told by worker host:1" in text
    other.mend()
    await other.look(31)
    await speaker.look(11)
    await speaker.look(21)
    assert "works again" in speaker.told[1]


async def test_another_worker_goes_on_where_the_speaker_ended(
    stage: "Stage", clock: SkewedClock
) -> None:
    """It tells nothing twice within the hour, and the end of what the first has told."""
    stage.producer._now = clock.now
    first = worker(stage, "host:1", clock, speaks=True)
    first.answer(Retry("HTTP 503"), times=5)
    await first.look()
    await first.look(301)
    await first.look(2)  # what was told is written down
    assert len(first.told) == 1
    second = worker(stage, "host:2", clock, speaks=True)
    second.answer(Retry("HTTP 503"), times=5)
    await second.look()
    await second.look(301)
    assert second.told == []
    second.mend()
    await second.look(31)
    assert "works again" in second.told[0]


async def test_without_kafka_nobody_speaks_for_the_group(stage: "Stage") -> None:
    """Whoever cannot know what was told waits; what is its own is told all the same."""
    clock = SkewedClock()
    nowhere = Connection("127.0.0.1:9", {"bootstrap_servers": "127.0.0.1:9"})
    follower = Follower(nowhere, CONTROL, "what other workers report", timeout=1.0)
    bench = Bench(exchange=Exchange(stage.producer, follower, CONTROL, clock), clock=clock)
    bench.answer(Retry("HTTP 503"), times=5)
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    [text] = bench.told
    assert "has had no word from Kafka" in text
    assert HOOK.label not in text


async def test_a_report_that_cannot_be_written_is_written_later(
    stage: "Stage", clock: SkewedClock
) -> None:
    """It is news until Kafka has it."""
    other = worker(stage, "host:2", clock, speaks=False)
    other.answer(Retry("HTTP 503"), times=5)
    stage.producer.refused_topic = CONTROL
    await other.look()
    stage.producer.refused_topic = None
    await other.look()
    reader = exchange(stage, clock)
    assert await reader.read() == {}
    [report] = reader.reports(but="host:1")
    assert [matter.subject for matter in report.matters] == [HOOK.label]
    assert reader.reports(but="host:2") == []
    clock.let_pass(61)
    assert reader.reports(but="host:1") == []


def test_other_records_of_the_topic_are_none_of_its_business() -> None:
    """Whatever stands there, and whatever a version to come will write."""
    assert read_report(b"replayed/0/1", b"{}") is None
    assert read_report(None, None) is None
    assert read_report(report_key("a"), b"{not JSON") is None
    assert read_report(report_key("a"), b'{"worker": 7}') is None
    assert read_report(report_key("a"), b'{"worker":"a","at":1.0}') == Report("a", 1.0)
    assert read_told(b"commits/a", b"{}") is None
    assert read_told(TOLD_KEY, None) is None
    assert read_told(TOLD_KEY, b"{}") == {}
