"""Which records of a retry topic are taken, and when."""

import logging
from collections.abc import Collection

import pytest

from app.engine.group.retry_topics import RetryTopics
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.policies.limits.due_times import FIRST_LOOK
from app.values.record import Record, TopicPartition
from tests.support.engine import SkewedClock

DELAY = 30.0
RETRY = TopicPartition("retry.30s", 0)
APART = 600.0
"""Seconds that the clock of the partition's broker is behind that of others."""


class Member:
    """As much of a consumer as is used of it."""

    def __init__(self) -> None:
        self.paused = False
        self.position = 0

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on there."""
        del partition
        self.position = offset

    def pause(self, partition: TopicPartition) -> None:
        """Fetch nothing."""
        del partition
        self.paused = True

    def resume(self, partition: TopicPartition) -> None:
        """Fetch again."""
        del partition
        self.paused = False


class NoPauses:
    """No operator has said anything."""

    def need_not_wait(self, appended: float, paused: Collection[str], *, stood_there: bool) -> bool:
        """Let everything wait."""
        del appended, paused, stood_there
        return False


class Bench:
    """A worker that was given a retry partition just now."""

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.member = Member()
        assignment = Assignment({RETRY.topic: DELAY})
        assignment.give({RETRY: Start(0)}, {})
        self._assigned = assignment[RETRY]
        self._retry_topics = RetryTopics(assignment, self.clock, NoPauses())

    def look(self, end: int) -> None:
        """See where the log ends."""
        now = self.clock.monotonic()
        self._assigned.saw_end(end, now, now)

    def take(self, offset: int) -> bool:
        """Fetch a record that was appended just now, if its turn has come; say so."""
        self._retry_topics.due_partitions(self.member, 0.5)  # type: ignore[arg-type]  # as much as is used
        if self.member.paused:
            return False
        record = Record(RETRY, offset, self.clock.broker_now() - APART, None, b"", ())
        return bool(self._retry_topics.due(self.member, self._assigned, [record]))  # type: ignore[arg-type]  # as above


def test_what_is_deferred_again_is_not_due_again_by_clocks_that_differ() -> None:
    """Not even before a worker has seen where the log of a new partition ends: it looks first."""
    bench = Bench()
    assert not bench.take(0)
    bench.look(end=1)
    assert bench.take(0)
    assert not bench.take(1)  # as if the first had been deferred again at once
    bench.look(end=2)
    assert not bench.take(1)
    bench.clock.let_pass(DELAY)
    assert bench.take(1)


def test_a_partition_whose_end_nobody_tells_is_read_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a while; and the log says once that it goes by the clocks alone."""
    bench = Bench()
    assert not bench.take(0)
    bench.clock.let_pass(FIRST_LOOK)
    with caplog.at_level(logging.WARNING):
        assert bench.take(0)
        assert bench.take(1)
    (said,) = caplog.messages
    assert "no broker has told where retry.30s/0 ends" in said
