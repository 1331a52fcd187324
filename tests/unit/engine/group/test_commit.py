"""Commits: what Kafka acknowledges is booked where it belongs."""

import asyncio
from collections.abc import Mapping

from app.engine.group.commit import Committer
from app.engine.group.uncommitted import MANY, Uncommitted
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.policies.books.ledger import Commit
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, SkewedClock, item, no_history, notification


class GatedConsumer:
    """Acknowledges a commit when the test lets it; its positions are as they should be."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self.commits = self
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.refused: frozenset[str] = frozenset()  # topics that it acknowledges nothing for
        self.asked_for: list[set[TopicPartition]] = []  # the partitions of every commit

    def may_commit(self, assigned: object) -> bool:
        """Say that every topic is there."""
        del assigned
        return True

    async def look(self) -> bool:
        """See nothing that has changed."""
        return False

    async def position(self, partition: TopicPartition) -> int:
        """Return what was seen last."""
        return self._assignment[partition].position

    async def ended(self, timeout: float) -> bool:
        """Say that there was none."""
        del timeout
        return True

    def abandon(self) -> None:
        """Try no further."""

    async def commit(
        self, commits: Mapping[TopicPartition, Commit], timeout: float
    ) -> frozenset[str]:
        """Wait for the gate."""
        del timeout
        self.asked_for.append(set(commits))
        self.asked.set()
        await self.gate.wait()
        return self.refused


def committer_of(
    consumer: GatedConsumer, assignment: Assignment, uncommitted: Uncommitted | None = None
) -> Committer:
    """Return what commits through a consumer."""
    lock = asyncio.Lock()
    clock, settled = SkewedClock(), uncommitted or Uncommitted()
    return Committer(consumer, assignment, consumer, settled, clock, no_history(clock), lock)  # type: ignore[arg-type]  # as much as is used


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
    late = item(notification(), assigned, offset=1)
    fencing = asyncio.create_task(committer.fence(10.0))
    await consumer.asked.wait()
    assert assignment.of(late) is None
    consumer.gate.set()
    await fencing
    assert assigned.ledger.committed == 1


async def test_a_topic_that_may_not_be_committed_holds_up_no_other() -> None:
    """It is asked for again after a while; what is acknowledged counts, and admission goes on."""
    assignment = Assignment()
    other = TopicPartition("other", 0)
    assignment.give({PARTITION: Start(0), other: Start(0)}, {})
    consumer = GatedConsumer(assignment)
    consumer.refused = frozenset(["other"])
    consumer.gate.set()
    committer = committer_of(consumer, assignment)
    for each in assignment:
        each.settle(item(notification(), each, offset=0))
    assert await committer.commit(10.0)
    assert committer.overdue_for is None
    assert assignment[PARTITION].ledger.committed == 1
    assert assignment[other].ledger.committed == 0
    assignment[PARTITION].settle(item(notification(), assignment[PARTITION], offset=1))
    assert await committer.commit(10.0)
    assert consumer.asked_for == [{PARTITION, other}, {PARTITION}]


async def test_who_lets_go_does_not_wait_for_a_commit_that_hangs() -> None:
    """The whole group waits for it."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    consumer = GatedConsumer(assignment)
    uncommitted = Uncommitted()
    committer = committer_of(consumer, assignment, uncommitted)
    assignment[PARTITION].settle(item(notification(), assignment[PARTITION], offset=0))
    for _ in range(MANY):
        uncommitted.settled()
    running = asyncio.create_task(committer.run())
    await consumer.asked.wait()
    async with asyncio.timeout(1.0), committer.alone():
        assert committer.lock.locked()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
