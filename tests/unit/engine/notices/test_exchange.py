"""The group's workers tell each other, so that one of them can tell the operator for all."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.engine.control import board as module
from app.engine.control.board import Board
from app.engine.notices.exchange import Exchange
from app.policies.books.notices import report_entry
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.notice import Report
from app.values.outcome import Retry
from tests.support.control import ControlTopic, ControlWriter
from tests.support.engine import SkewedClock
from tests.support.notices import AWAY, HOOK, Bench


class Group:
    """The workers of a group, which have one clock and one control topic.

    Attributes:
        written: What stands in the topic.
    """

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.topic = ControlTopic()
        self.writer = ControlWriter(self.topic)
        self.boards: list[asyncio.Task[None]] = []

    def worker(self, name: str, *, speaks: bool) -> Bench:
        """Return a worker of the group."""
        board = Board("group", self.clock, lambda: self.topic)
        self.boards.append(asyncio.create_task(board.run()))
        exchange = Exchange(board, self.writer, "control", "group", self.clock)  # type: ignore[arg-type]  # it only sends
        bench = Bench(name, exchange=exchange, clock=self.clock)
        bench.speaks = speaks
        self.known = board.known
        return bench

    async def look(self, *workers: Bench, later: float = 0.0) -> None:
        """Let time pass, and each worker look, once all that was written is known."""
        self.clock.let_pass(later)
        self.topic.now = self.clock.now()
        for each in workers:
            await self.known()
            await each.look()

    @property
    def written(self) -> list[tuple[str, bool]]:
        """The keys of the records, and whether each has a value."""
        return [((each.key or b"").decode(), each.value is not None) for each in self.topic.records]


@pytest.fixture
async def group(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Group]:
    """A group."""
    monkeypatch.setattr(module, "WAIT", 0.01)
    made = Group()
    yield made
    for each in made.boards:
        each.cancel()
    await asyncio.gather(*made.boards, return_exceptions=True)


async def test_one_worker_tells_what_another_sees(group: Group) -> None:
    """A destination that only the other one sends to; and that it works again."""
    other = group.worker("host:2", speaks=False)
    speaker = group.worker("host:1", speaks=True)
    other.answer(Retry("HTTP 503"), times=5)
    await group.look(other, speaker)
    await group.look(other, speaker, later=301)
    assert other.told == []
    [text] = speaker.told
    assert f"{HOOK.label} has not worked since" in text
    assert "Told by worker host:1" in text
    other.mend()
    await group.look(other, speaker, later=31)
    await group.look(other, speaker, later=31)
    assert "works again" in speaker.told[1]
    await group.look(other, speaker, later=121)
    assert group.written[-1] == ("operator/group/report/host:2", False)


async def test_another_worker_goes_on_where_the_speaker_ended(group: Group) -> None:
    """It tells nothing twice within the hour, and the end of what the first has told."""
    first = group.worker("host:1", speaks=True)
    first.answer(Retry("HTTP 503"), times=5)
    await group.look(first)
    await group.look(first, later=301)
    await group.look(first, later=2)  # what was told is written down
    assert len(first.told) == 1
    assert group.written == [("operator/group/told", True)]
    second = group.worker("host:2", speaks=True)
    second.answer(Retry("HTTP 503"), times=5)
    await group.look(second)
    await group.look(second, later=301)
    assert second.told == []
    second.mend()
    await group.look(second, later=31)
    assert "works again" in second.told[0]


async def test_what_a_worker_reported_that_is_gone_says_nothing(group: Group) -> None:
    """Neither does it end what was told; after long it is taken back."""
    other = group.worker("host:2", speaks=False)
    speaker = group.worker("host:1", speaks=True)
    other.answer(Retry("HTTP 503"), times=5)
    await group.look(other, speaker)
    await group.look(speaker, later=61)
    await group.look(speaker, later=300)
    assert len(speaker.told) == 1  # nobody has heard that it works again
    assert ("operator/group/report/host:2", False) not in group.written
    await group.look(speaker, later=601)
    assert ("operator/group/report/host:2", False) in group.written


async def test_without_kafka_nobody_speaks_for_the_group(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot know what was told waits; what is its own is told all the same."""
    monkeypatch.setattr("app.engine.notices.exchange.PATIENCE", 0.05)
    bench = group.worker("host:1", speaks=True)
    group.topic.fail(KafkaUnavailableError("no broker answers"))
    bench.answer(Retry("HTTP 503"), times=5)
    bench.health = AWAY
    await bench.look()
    await bench.look(301)
    [text] = bench.told
    assert "has had no word from Kafka" in text
    assert HOOK.label not in text


async def test_a_report_that_cannot_be_written_is_written_later(group: Group) -> None:
    """It is news until Kafka has it."""
    other = group.worker("host:2", speaks=False)
    other.answer(Retry("HTTP 503"), times=5)
    group.writer.failure = KafkaRefusedError("not allowed")
    await group.look(other)
    group.writer.failure = None
    await group.look(other)
    await group.look(other)
    assert group.written == [("operator/group/report/host:2", True)]
    await group.look(other, later=11)
    assert len(group.written) == 2


async def test_nothing_is_written_where_there_is_nothing_to_say(group: Group) -> None:
    """A healthy group costs no record."""
    other, speaker = group.worker("host:2", speaks=False), group.worker("host:1", speaks=True)
    for _ in range(3):
        await group.look(other, speaker, later=100)
    assert group.written == []


async def test_other_groups_are_none_of_its_business(group: Group) -> None:
    """They may share the topic."""
    other = group.worker("host:2", speaks=False)
    other.answer(Retry("HTTP 503"), times=5)
    await group.look(other)
    record = group.topic.records[0]
    assert record.key == report_entry("group", Report("host:2", 0.0))[0]
    group.topic.write((record.key or b"").replace(b"/group/", b"/another/"), record.value)
    speaker = group.worker("host:1", speaks=True)
    group.topic.records[0] = group.topic.records[1]
    await group.look(speaker)
    await group.look(speaker, later=301)
    assert speaker.told == []
