"""The control topic, followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.engine.control import board as module
from app.engine.control.board import Board
from app.policies.books.fleet import GONE_AFTER, taken_back, told
from app.policies.service.replaying import mark_key, mark_value
from app.values.errors import KafkaUnavailableError
from app.values.fleet import Worker
from app.values.replay import ReplayMark
from app.values.snapshot import Status
from tests.support.control import ControlTopic
from tests.support.engine import SkewedClock, until

ONE = Worker("one:1:0001", "one", 1, Status.RUNNING)
TWO = Worker("two:2:0002", "two", 2, Status.RUNNING)


@pytest.fixture
def clock() -> SkewedClock:
    """A clock that the test sets."""
    return SkewedClock()


@pytest.fixture
async def topic(clock: SkewedClock) -> ControlTopic:
    """A topic whose broker has that clock's time."""
    made = ControlTopic()
    made.now = clock.now()
    return made


@pytest.fixture
async def board(
    topic: ControlTopic, clock: SkewedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Board]:
    """A board that follows it."""
    monkeypatch.setattr(module, "WAIT", 0.01)
    async with following(topic, clock) as made:
        yield made


@asynccontextmanager
async def following(topic: ControlTopic, clock: SkewedClock) -> AsyncIterator[Board]:
    """Follow a topic until the block ends."""
    made = Board("group", clock, lambda: topic)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait((task,))


def alive(board: Board) -> list[Worker]:
    """Return who is alive."""
    return list(board.fleet.alive(board.read_at))


async def test_what_stood_there_is_known_and_what_comes(board: Board, topic: ControlTopic) -> None:
    """In the order in which it stands."""
    topic.write(*told("group", ONE))
    await board.known()
    assert alive(board) == [ONE]
    topic.write(*told("group", TWO))
    topic.write(*taken_back("group", ONE.id))
    await board.known()
    assert alive(board) == [TWO]
    assert board.trouble is None


async def test_the_brokers_say_how_old_is_what_stood_there(
    topic: ControlTopic, clock: SkewedClock
) -> None:
    """One that was killed long ago is not alive to somebody who has just started."""
    topic.now = clock.now() - GONE_AFTER - 1
    topic.write(*told("group", ONE))
    topic.now = clock.now() - 2
    topic.write(*told("group", TWO))
    async with following(topic, clock) as board:
        await board.known()
        assert alive(board) == [TWO]


async def test_what_comes_was_told_just_now_whatever_clocks_say(
    board: Board, topic: ControlTopic, clock: SkewedClock
) -> None:
    """The arrival counts, by a clock that never jumps."""
    await board.known()
    topic.now = clock.now() - 3600
    topic.write(*told("group", ONE))
    await board.known()
    assert alive(board) == [ONE]
    clock.skew += 7200
    assert alive(board) == [ONE]


async def test_a_topic_that_is_not_there_yet_is_waited_for(
    topic: ControlTopic, clock: SkewedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks waits for it, too."""
    monkeypatch.setattr(module, "WAIT", 0.01)
    topic.there = False
    async with following(topic, clock) as board:
        asking = asyncio.create_task(board.known())
        await until(lambda: topic.looks > 2)
        assert not asking.done()
        assert "not been read yet" in (board.trouble or "")
        topic.there = True
        await asking
        assert board.trouble is None


async def test_whoever_asks_is_told_if_it_cannot_be_known(
    board: Board, topic: ControlTopic
) -> None:
    """What was known before still counts, and it is said that it may be old."""
    topic.write(*told("group", ONE))
    await board.known()
    topic.fail(KafkaUnavailableError("no broker answers"))
    with pytest.raises(KafkaUnavailableError, match="no broker answers"):
        await board.known()
    assert board.trouble == "no broker answers"
    assert alive(board) == [ONE]
    topic.failure = None
    await board.known()
    assert not board.trouble
    assert topic.opened >= 2


async def test_an_end_that_compaction_has_emptied_is_not_waited_for(
    board: Board, topic: ControlTopic
) -> None:
    """Nothing more comes there, whatever offset the log ends at."""
    topic.hidden = 3
    topic.write(*told("group", ONE))
    async with asyncio.timeout(5):
        await board.known()
    assert alive(board) == [ONE]


async def test_it_is_said_if_nothing_is_heard_for_long(board: Board, topic: ControlTopic) -> None:
    """And nobody is taken for dead because of it."""
    topic.write(*told("group", ONE))
    await board.known()
    board._read_at -= 40  # as if no broker had answered since
    assert board.trouble == "no broker has answered for 40 s"


async def test_who_gives_up_asking_is_not_told(topic: ControlTopic, clock: SkewedClock) -> None:
    """A worker may be stopped meanwhile."""
    async with following(topic, clock) as board:
        asking = asyncio.create_task(board.known())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait((asking,))
        await board.known()


PLACE, MARK = (3, 17), ReplayMark("2026-01-01", "abc")


async def test_it_knows_what_was_replayed(board: Board, topic: ControlTopic) -> None:
    """By whomever; what this process has marked it knows before it has read it."""
    topic.write(mark_key(PLACE), mark_value(MARK))
    assert await board.all_marks() == {PLACE: MARK}
    board.add_mark((4, 1), MARK)
    assert await board.marks() == {PLACE: MARK, (4, 1): MARK}


async def test_without_the_topic_nothing_was_replayed(
    topic: ControlTopic, clock: SkewedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody waits for it: it is made when the worker starts, which may be never."""
    monkeypatch.setattr(module, "WAIT", 0.01)
    topic.there = False
    async with following(topic, clock) as board:
        await until(lambda: topic.looks > 1)
        assert await board.marks() == await board.all_marks() == {}


async def test_marks_that_cannot_be_read_in_time_are_not_taken_for_none(
    topic: ControlTopic, clock: SkewedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a dead letter would be sent once more."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    board = Board("group", clock, lambda: topic)  # which nobody lets follow
    with pytest.raises(KafkaUnavailableError, match="in time"):
        await board.marks()
