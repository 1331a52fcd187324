"""What Kafka is asked now and then."""

import asyncio
from contextlib import suppress

import pytest

from app.engine.cluster import sampling
from app.engine.cluster.sampling import Sampler
from app.engine.inflight.partition import Assignment
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, SkewedClock


class Member:
    """As much of a consumer, and of its positions, as a worker without partitions needs."""

    def __init__(self) -> None:
        self.logs = self
        self.misses_topics = True
        self.asked_anew = 0

    async def look(self) -> bool:
        """See nothing new."""
        return False

    async def known_ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Tell nothing."""
        del partitions
        return {}

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
