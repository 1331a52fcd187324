"""What brokers answer to fetches: one partition's error is no other's business."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition as Theirs
from aiokafka.consumer.fetcher import FetchError

from app.edges.kafka.fetch_watch import NO_LEADER, NOT_ALLOWED, OFFSET_OUT_OF_RANGE, FetchWatch
from app.values.record import TopicPartition
from tests.support.engine import until

ONE, OTHER = TopicPartition("a", 0), TopicPartition("a", 1)
DISK_LOST = 56


class Paused:
    """Stands for aiokafka's consumer, as far as it is told what to pause."""

    def __init__(self) -> None:
        self.paused: set[Theirs] = set()  # what is left out of fetches now
        self.leaderless: set[Theirs] = set()  # partitions that nobody leads
        self.fetched: dict[Theirs, object] = {}  # what waits to be polled
        self._fetcher = SimpleNamespace(_records=self.fetched)
        self.ours = {Theirs(*ONE), Theirs(*OTHER)}
        self._client = SimpleNamespace(
            cluster=SimpleNamespace(
                leader_for_partition=lambda each: -1 if each in self.leaderless else 1
            )
        )

    def assignment(self) -> Collection[Theirs]:
        """Return what it has."""
        return self.ours

    def pause(self, partition: Theirs) -> None:
        """Leave out."""
        self.paused.add(partition)

    def resume(self, partition: Theirs) -> None:
        """Ask for it again."""
        self.paused.discard(partition)

    def answer(self, **codes: int) -> None:
        """Let a broker answer: ``p0`` is the first partition's code."""
        partitions = [(int(name[1:]), code, 0) for name, code in codes.items()]
        self._client.on_fetch(SimpleNamespace(topics=[("a", partitions)]))


@pytest.fixture
def consumer() -> Paused:
    """A consumer of two partitions."""
    return Paused()


@pytest.fixture
def watch(consumer: Paused) -> FetchWatch:
    """What watches it."""
    return FetchWatch(consumer)


async def test_only_the_one_with_an_error_rests(consumer: Paused, watch: FetchWatch) -> None:
    """And it is asked again after a while, by itself."""
    consumer.answer(p0=NOT_ALLOWED, p1=0)
    assert watch.resting(ONE)
    assert not watch.resting(OTHER)
    assert consumer.paused == {ONE}
    await until(lambda: not consumer.paused)
    assert not watch.resting(ONE)


async def test_an_error_that_nobody_polled_is_in_nobodys_way(
    consumer: Paused, watch: FetchWatch
) -> None:
    """What was fetched stays: it is to be handed over."""
    consumer.answer(p0=NOT_ALLOWED, p1=NOT_ALLOWED)
    consumer.fetched[Theirs(*ONE)] = FetchError(error=RuntimeError(), backoff=0.1)
    consumer.fetched[Theirs(*OTHER)] = "records"
    await until(lambda: not consumer.paused)
    assert not watch.resting(ONE)
    assert consumer.fetched == {OTHER: "records"}


async def test_it_is_unreadable_until_it_was_read(consumer: Paused, watch: FetchWatch) -> None:
    """That it is asked again says nothing yet."""
    consumer.answer(p0=DISK_LOST)
    await until(lambda: not consumer.paused)
    told = watch.unreadable({ONE: 0, OTHER: 0})
    assert set(told) == {ONE}
    assert told[ONE].code == DISK_LOST
    assert told[ONE].seconds > 0
    consumer.answer(p0=0)
    assert not watch.unreadable({ONE: 0, OTHER: 0})


async def test_a_position_out_of_the_log_is_no_error_of_the_partition(
    consumer: Paused, watch: FetchWatch
) -> None:
    """Whoever polls it is told, and goes on elsewhere."""
    consumer.answer(p0=OFFSET_OUT_OF_RANGE)
    assert not watch.resting(ONE)
    assert not watch.unreadable({ONE: 0})


async def test_who_is_held_stays_so_after_a_rest(consumer: Paused, watch: FetchWatch) -> None:
    """Both have to be over: what is not due yet is not asked for because it was refused once."""
    watch.hold(ONE)
    consumer.answer(p0=DISK_LOST)
    await until(lambda: not watch.resting(ONE))
    assert consumer.paused == {ONE}
    consumer.answer(p0=DISK_LOST)
    watch.release(ONE)
    assert consumer.paused == {ONE}
    await until(lambda: not consumer.paused)


async def test_a_second_error_makes_it_rest_anew(consumer: Paused, watch: FetchWatch) -> None:
    """There is one time at which it is asked again, the last one."""
    consumer.answer(p0=DISK_LOST)
    consumer.answer(p0=DISK_LOST)
    assert len(watch._asking) == 1
    await asyncio.sleep(0.12)
    assert watch.resting(ONE)


async def test_who_has_no_leader_is_unreadable_without_being_asked(
    consumer: Paused, watch: FetchWatch
) -> None:
    """There is nobody to ask."""
    consumer.leaderless = {Theirs(*OTHER)}
    assert {each: why.code for each, why in watch.unreadable({ONE: 0, OTHER: 0}).items()} == {
        OTHER: NO_LEADER
    }
    consumer.leaderless = set()
    assert not watch.unreadable({ONE: 0, OTHER: 0})


async def test_what_was_taken_away_is_left_alone(consumer: Paused, watch: FetchWatch) -> None:
    """Its timer has ended with it, and a late answer is nobody's."""
    consumer.answer(p0=DISK_LOST)
    watch.reset()
    consumer.ours = set()
    consumer.answer(p1=DISK_LOST)
    assert not watch.resting(ONE)
    assert not watch.resting(OTHER)
    assert not watch.unreadable({})
