"""Commits: what Kafka acknowledges is booked where it belongs."""

import asyncio
from collections.abc import Mapping

from app.engine.commit import Committer
from app.engine.partition import Assignment, Start
from app.policies.ledger import Commit
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, item, journal, notification


class GatedConsumer:
    """Acknowledges a commit when the test lets it; its positions are as they should be."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()

    def is_away(self, topic: str) -> bool:
        """Say that every topic is there."""
        del topic
        return False

    async def look(self) -> bool:
        """See nothing that has changed."""
        return False

    async def position(self, partition: TopicPartition) -> int:
        """Return what was seen last."""
        return self._assignment[partition].position

    async def commit_ended(self, timeout: float) -> bool:
        """Say that there was none."""
        del timeout
        return True

    def abandon_commit(self) -> None:
        """Try no further."""

    async def commit(self, commits: Mapping[TopicPartition, Commit], timeout: float) -> None:
        """Wait for the gate."""
        del commits, timeout
        self.asked.set()
        await self.gate.wait()


def committer_of(consumer: GatedConsumer, assignment: Assignment) -> Committer:
    """Return what commits through a consumer."""
    lock = asyncio.Lock()
    return Committer(consumer, assignment, consumer, journal(), lock)  # type: ignore[arg-type]  # as much as is used


async def test_a_commit_of_a_topic_that_was_made_anew_meanwhile_is_not_the_new_ones() -> None:
    """The new log begins at its start, whatever the old one had come to."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(5000)}, {})
    consumer = GatedConsumer(assignment)
    committer = committer_of(consumer, assignment)
    old = assignment[PARTITION]
    old.settle(item(notification(), old, offset=5000))
    committing = asyncio.create_task(committer.commit(10.0))
    await consumer.asked.wait()
    assignment.restart(PARTITION, Start(0))
    consumer.gate.set()
    assert await committing
    assert assignment[PARTITION].ledger.committed == 0
    assert assignment[PARTITION].snapshot().committed == 0


async def test_nothing_is_settled_during_the_last_commit() -> None:
    """It would not stand in it: whoever has the partition next would do it again unknown to us."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    consumer = GatedConsumer(assignment)
    committer = committer_of(consumer, assignment)
    assigned = assignment[PARTITION]
    assigned.settle(item(notification(), assigned, offset=0))
    fencing = asyncio.create_task(committer.fence(10.0))
    await consumer.asked.wait()
    assert not assigned.active
    consumer.gate.set()
    await fencing
    assert assigned.ledger.committed == 1
