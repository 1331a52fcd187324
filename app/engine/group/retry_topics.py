"""The retry topics: which of their records are due, and how long the others wait."""

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from app.edges.kafka.consumer import Consumer
from app.engine.clock import EngineClock
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned, Head
from app.policies.headers.deferral import read_paused
from app.policies.limits.due_times import FIRST_LOOK
from app.values.record import Record, TopicPartition

log = logging.getLogger(__name__)


class Pauses(Protocol):
    """What operators have said about destinations."""

    def need_not_wait(self, appended: float, paused: Collection[str], *, stood_there: bool) -> bool:
        """Say whether a deferred notification is due at once; see ``PauseBook``."""
        ...


class RetryTopics:
    """Leaves partitions out until the record that stands first in them is due.

    Args:
        assignment: The partitions this worker has.
        clock: Tells the time.
        pauses: Knows which deferred records are due because somebody has resumed a destination.
    """

    def __init__(self, assignment: Assignment, clock: EngineClock, pauses: Pauses) -> None:
        self._assignment = assignment
        self._clock = clock
        self._pauses = pauses

    def due_partitions(
        self, consumer: Consumer, patience: float
    ) -> tuple[list[TopicPartition], float]:
        """Return the retry partitions that may have what is due, and seconds until others may.

        Args:
            consumer: Fetches them again.
            patience: Seconds, if no other may have anything earlier.
        """
        deferred: list[TopicPartition] = []
        wait = patience
        for assigned in self._assignment:
            if assigned.delay is None or assigned.resting:
                continue
            if assigned.held:
                due_in = 0.0 if assigned.head is None else self._due_in(assigned, assigned.head)
                if due_in > 0:
                    wait = min(wait, due_in)
                    continue
                assigned.held = False
                consumer.resume(assigned.partition)
            deferred.append(assigned.partition)
        return deferred, wait

    def due(
        self, consumer: Consumer, assigned: Assigned, batch: Sequence[Record]
    ) -> Sequence[Record]:
        """Return what is due; leave the partition out until the rest is."""
        for place, record in enumerate(batch):
            head = Head(record.offset, record.timestamp, read_paused(record.headers))
            if self._due_in(assigned, head) > 0:
                assigned.head = head
                assigned.held = True
                consumer.seek(assigned.partition, record.offset)
                consumer.pause(assigned.partition)
                return batch[:place]
        assigned.head = None
        return batch

    def _due_in(self, assigned: Assigned, head: Head) -> float:
        """Return the seconds until a record of a retry topic is due; none are left if it is."""
        stood_there = head.offset < assigned.stood_to
        if not assigned.delay or self._pauses.need_not_wait(
            head.timestamp, head.paused, stood_there=stood_there
        ):
            return 0.0
        by_clock = head.timestamp + assigned.delay - self._clock.broker_now()
        due_in = assigned.sightings.due_in(head.offset, by_clock, self._clock.monotonic())
        if due_in <= 0 and assigned.sightings.empty:
            self._say_unseen(assigned)
        return due_in

    def _say_unseen(self, assigned: Assigned) -> None:
        if not assigned.said_unseen:
            assigned.said_unseen = True
            log.warning(
                "for %g s no broker has told where %s/%d ends: the clocks alone say now what is"
                " due there, and if the brokers' clocks differ, some of it is tried early",
                FIRST_LOOK,
                *assigned.partition,
            )
