"""A poll is taken in stretches, with everybody else's turn between them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.engine.group.intake import Intake
from app.engine.group.stretches import AT_ONCE, BYTES_AT_ONCE, at_once, by_partition
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned, Start
from app.engine.reading import HEAVY
from app.values.record import Record, TopicPartition
from tests.support.control import StillBoard
from tests.support.engine import PARTITION, SkewedClock, observer

OTHER = TopicPartition("notifications", 1)


def records(count: int, size: int = 2, partition: TopicPartition = PARTITION) -> list[Record]:
    """Return records with values of so many bytes."""
    return [Record(partition, offset, 1.0, None, b"x" * size, ()) for offset in range(count)]


@pytest.mark.parametrize(
    ("polled", "count"),
    [
        (records(3), 3),
        (records(500), AT_ONCE),
        (records(10, HEAVY), BYTES_AT_ONCE // HEAVY),
        (records(500, HEAVY + 1), AT_ONCE),  # they have been read already
        ([Record(PARTITION, 0, 1.0, None, None, ())], 1),
    ],
)
def test_a_stretch_is_bounded_in_records_and_in_what_is_to_be_read(
    polled: Sequence[Record], count: int
) -> None:
    """And is never empty."""
    assert at_once(polled) == count


def test_each_partitions_records_stay_together() -> None:
    """In their order."""
    first, second = records(2), records(3, partition=OTHER)
    assert by_partition([*first, *second]) == [(PARTITION, first), (OTHER, second)]
    assert by_partition(first) == [(PARTITION, first)]


class Flow:
    """A flow with room; it remembers what it was given, and does something then."""

    def __init__(self, room: int, do: Callable[[], None]) -> None:
        self._room = room
        self._do = do
        self.received_at: list[int] = []
        self.stretches: list[list[int]] = []
        self.turns = 0

    @property
    def room(self) -> int:
        """What is left."""
        return self._room - sum(map(len, self.stretches))

    def received(self, taken: Sequence[Record], _: Assigned) -> None:
        """Remember them, and in which turn of the event loop they came."""
        self.stretches.append([each.offset for each in taken])
        self.received_at.append(self.turns)
        asyncio.get_running_loop().call_soon(self._come_round)

    def _come_round(self) -> None:
        self.turns += 1
        self._do()


class Consumer:
    """A consumer that has these records; it remembers what it was given back."""

    def __init__(self, polled: Sequence[Record]) -> None:
        self._polled = polled
        self.returned: list[int] = []

    async def poll(self, *_: object) -> Sequence[Record]:
        """Return them."""
        return self._polled

    def give_back(self, returned: Sequence[Record]) -> None:
        """Remember them."""
        self.returned += [each.offset for each in returned]


class StandingStill:
    """Positions that nothing happened to."""

    def turn(self) -> bool:
        """Nothing stood still."""
        return False


async def taken(
    polled: Sequence[Record], assignment: Assignment, room: int, do: Callable[[], None]
) -> tuple[Flow, Consumer]:
    """Take a poll, and do something whenever the event loop comes round."""
    assignment.give({PARTITION: Start(0)}, {})
    flow: Any = Flow(room, do)
    consumer: Any = Consumer(polled)
    admission: Any = None
    watch: Any = type("Watch", (), {"check": lambda *_: None})()
    clock, still = SkewedClock(), StandingStill()
    intake = Intake(
        assignment,
        flow,
        admission,
        clock,
        observer(clock),
        watch,
        may_admit=lambda: True,
        pauses=StillBoard(clock),
    )
    await intake._take_from(consumer, still, [PARTITION], 500, 0)  # type: ignore[arg-type]
    return flow, consumer


async def test_others_have_their_turn_between_two_stretches() -> None:
    """Five hundred records are no one step; meanwhile their partition is not taken for settled."""
    assignment, reading = Assignment(), list[bool]()
    flow, consumer = await taken(
        records(500), assignment, 1000, lambda: reading.append(assignment[PARTITION].reading)
    )
    assert [each for stretch in flow.stretches for each in stretch] == list(range(500))
    assert max(map(len, flow.stretches)) == AT_ONCE
    assert flow.received_at == list(range(len(flow.stretches)))
    assert all(reading)
    assert not assignment[PARTITION].reading
    assert consumer.returned == []


async def test_a_partition_that_went_between_two_stretches_gives_nothing_more() -> None:
    """Nor does one that came back: it begins where it was found out anew that it begins."""
    assignment = Assignment()
    flow, consumer = await taken(
        records(500), assignment, 1000, lambda: assignment.restart(PARTITION, Start(0))
    )
    assert flow.stretches == [list(range(AT_ONCE))]
    assert consumer.returned == []


async def test_what_there_is_no_room_for_is_polled_again() -> None:
    """The room is asked for before each stretch."""
    flow, consumer = await taken(records(200), Assignment(), 100, lambda: None)
    assert flow.stretches == [list(range(64)), list(range(64, 100))]
    assert consumer.returned == list(range(100, 200))


async def test_nothing_is_taken_that_stands_behind_a_record_which_is_not_due() -> None:
    """Its partition is held and will be polled from there again."""
    assignment = Assignment()
    flow, consumer = await taken(
        records(200), assignment, 1000, lambda: setattr(assignment[PARTITION], "held", True)
    )
    assert flow.stretches == [list(range(AT_ONCE))]
    assert consumer.returned == []
