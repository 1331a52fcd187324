"""What Kafka is asked now and then."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from app.engine.cluster import sampling
from app.engine.cluster.sampling import Sampler
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.policies.books.commit_metadata import Settled
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, SkewedClock


class Member:
    """As much of a consumer, and of its positions, as a worker without partitions needs."""

    def __init__(self) -> None:
        self.logs = self.metadata = self
        self.misses_topics = True
        self.asked_anew = 0
        self.end: int | None = None
        self.readable_when_fetched: int | None = None
        self.readable: int | None = None
        self.found_shorter: list[TopicPartition] = []

    async def look(self) -> bool:
        """See nothing new."""
        return False

    async def known_ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Tell the end that all have, if any is known."""
        return {} if self.end is None else dict.fromkeys(partitions, self.end)

    async def position(self, partition: TopicPartition) -> int:
        """Say that everything was read to the same offset."""
        del partition
        return 50

    def readable_end(self, partition: TopicPartition) -> int | None:
        """Tell where transactions began when it last fetched, if that is known."""
        del partition
        return self.readable_when_fetched

    async def known_readable_ends(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Tell where they begin now, if the leader answers."""
        return {} if self.readable is None else dict.fromkeys(partitions, self.readable)

    async def find(self, partitions: list[TopicPartition]) -> None:
        """Remember what was to be looked for."""
        self.found_shorter += partitions

    def learn_anew(self) -> None:
        """Count it."""
        self.asked_anew += 1


@pytest.mark.parametrize(("after", "times"), [(0.0, 4), (30.0, 4), (61.0, 1)])
async def test_a_topic_that_has_gone_is_looked_for_until_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch, after: float, times: int
) -> None:
    """Whoever makes it anew does so within moments, and then it is read at once."""
    monkeypatch.setattr(sampling, "INTERVAL", 0.0)
    member, clock = Member(), SkewedClock()
    assert await asked_anew(member, clock, after) == times


async def test_with_all_topics_there_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that goes later is looked for as long as the first."""
    monkeypatch.setattr(sampling, "INTERVAL", 0.0)
    member, clock = Member(), SkewedClock()
    member.misses_topics = False
    assert await asked_anew(member, clock, 61.0) == 0
    member.misses_topics = True
    assert await asked_anew(member, clock, 0.0) == 4


@pytest.mark.parametrize(
    ("end", "held", "settled", "shorter"),
    [
        (49, True, None, True),
        (50, True, None, False),
        (49, False, None, False),
        (52, False, Settled(53, ()), True),
        (53, False, Settled(53, ()), False),
    ],
)
async def test_a_log_that_has_become_shorter_is_noticed_although_it_is_not_fetched(
    end: int, held: bool, settled: Settled | None, shorter: bool
) -> None:
    """Whoever fetches behind its end is told by Kafka; before that it might have grown again."""
    member, assignment = Member(), Assignment()
    member.end = end
    assignment.give({PARTITION: Start(40, settled)}, {})
    assignment[PARTITION].position = 50
    assignment[PARTITION].held = held

    await one_sample(member, assignment)
    assert member.found_shorter == ([PARTITION] if shorter else [])


@pytest.mark.parametrize(
    ("when_fetched", "now", "hidden"),
    [(60, 80, 0), (60, 60, 20), (60, None, 0), (None, 60, 0), (50, 70, 10)],
)
async def test_records_are_hidden_by_what_leaders_say_now(
    when_fetched: int | None, now: int | None, hidden: int
) -> None:
    """A fetch may be long ago: slow brokers and quotas are no open transactions."""
    member, assignment = Member(), Assignment()
    member.end, member.readable_when_fetched, member.readable = 80, when_fetched, now
    assignment.give({PARTITION: Start(40)}, {})
    await one_sample(member, assignment)
    assert assignment[PARTITION].hidden == hidden


async def one_sample(member: Member, assignment: Assignment) -> None:
    """Look once."""

    async def stop() -> None:
        raise asyncio.CancelledError

    stand_in: Any = member  # as much as is used
    sampler = Sampler(stand_in, assignment, stand_in, PARTITION, SkewedClock(), stop)
    with suppress(asyncio.CancelledError):
        await sampler.run()


async def asked_anew(member: Member, clock: SkewedClock, after: float) -> int:
    """Return how often is asked in one turn and, so many seconds later, three more."""
    turns = 0

    async def on_sample() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            clock.ahead += after
        if turns == 4:
            raise asyncio.CancelledError

    sampler = Sampler(
        member,  # type: ignore[arg-type]  # as much as is used
        Assignment(),
        member,  # type: ignore[arg-type]  # as much as is used
        PARTITION,
        clock,
        on_sample,
    )
    before = member.asked_anew
    with suppress(asyncio.CancelledError):
        await sampler.run()
    return member.asked_anew - before
