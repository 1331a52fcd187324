"""Intake: polls, and admits records while there is room."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from app.edges.kafka.consumer import Consumer, PositionLostError
from app.engine.admission import Admission
from app.engine.clock import EngineClock
from app.engine.cluster.broker_clock import ClockWatch
from app.engine.cluster.positions import Positions
from app.engine.flow import Flow
from app.engine.group.retry_topics import Pauses, RetryTopics
from app.engine.group.stretches import at_once, by_partition
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned
from app.engine.observer import Observer
from app.engine.reading import HEAVY
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import Record, TopicPartition

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
RETRY_SECONDS = 1.0
FAILING_SECONDS = 10.0
"""Seconds for which every poll may fail before the consumer is recreated."""
MOST_DUE = 64
"""Records of retry topics that are taken together at most: new records must not wait for them."""
LEAP = 1000
"""Settled offsets from which on it is quicker to skip them with a new fetch."""


class Intake:
    """The poll task.

    Args:
        assignment: The partitions this worker has.
        flow: Takes records in, and knows how much room there is.
        admission: Reads what is heavy ahead.
        clock: Tells the time.
        observer: Counts what is seen.
        clock_watch: Compares the newest records' timestamps with the clock.
        may_admit: Says whether records may be taken now (commits are acknowledged).
        pauses: Knows which deferred records are due because somebody has resumed a destination.

    Attributes:
        paused: Take nothing until it is False again; ``wake`` afterwards.
        polled_at: Monotonic seconds when the poll task last came round.
        admitted_at: Monotonic seconds when a record was last taken.
    """

    def __init__(
        self,
        assignment: Assignment,
        flow: Flow,
        admission: Admission,
        clock: EngineClock,
        observer: Observer,
        clock_watch: ClockWatch,
        *,
        may_admit: Callable[[], bool],
        pauses: Pauses,
    ) -> None:
        self._assignment = assignment
        self._flow = flow
        self._admission = admission
        self._clock = clock
        self._observer = observer
        self._clock_watch = clock_watch
        self._may_admit = may_admit
        self._retry_topics = RetryTopics(assignment, clock, pauses)
        self.paused = False
        self.polled_at = self.admitted_at = self._idle_since = clock.monotonic()

    @property
    def open(self) -> bool:
        """Whether records would be taken now."""
        return self._room() > 0

    def wake(self) -> None:
        """Look again whether there is room."""
        self._flow.roomier.set()

    async def run(self, consumer: Consumer, positions: Positions, max_poll_records: int) -> None:
        """Poll until cancelled.

        Args:
            consumer: The member to poll.
            positions: Keeps its positions correct.
            max_poll_records: The most records to take at once.

        Raises:
            KafkaRefusedError: This worker may not be a member of the group any more.
            KafkaUnavailableError: Polling has failed for a while, each time.
        """
        failing_since: float | None = None
        while True:
            self.polled_at = self._clock.monotonic()
            self._flow.relieve()
            try:
                if await self._poll(consumer, positions, max_poll_records):
                    await asyncio.sleep(0)  # others need the event loop, too
            except PositionLostError as lost:
                await self._find(positions, lost.partitions)
            except KafkaUnavailableError as error:
                failing_since = failing_since or self.polled_at
                if self.polled_at - failing_since > FAILING_SECONDS:
                    raise
                log.error("polling failed, trying again: %s", error)  # noqa: TRY400 - Kafka's own words say it all
                await asyncio.sleep(RETRY_SECONDS)
            else:
                failing_since = None

    async def _find(self, positions: Positions, partitions: list[TopicPartition]) -> None:
        try:
            await positions.find(partitions)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.error("the position cannot be found yet: %s", error)  # noqa: TRY400 - as above
            await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self, consumer: Consumer, positions: Positions, max_poll_records: int) -> bool:
        """Take what there is, new records before those that are due; say whether there was any."""
        room = min(self._room(), max_poll_records)
        if room <= 0:
            await self._wait_for_change()
            if self.polled_at >= self._idle_since + POLL_SECONDS:
                self._idle_since = self.polled_at
                await consumer.poll((), 1, 0)  # keeps the consumer's idle timer fresh
            return False
        self._idle_since = self.polled_at
        fresh = [
            assigned.partition
            for assigned in self._assignment
            if assigned.delay is None and not assigned.resting
        ]
        taken = await self._take_from(consumer, positions, fresh, room, 0)
        room = min(self._room(), MOST_DUE)
        if room <= 0:
            return taken > 0
        deferred, wait = self._retry_topics.due_partitions(consumer, POLL_SECONDS)
        if deferred:
            taken += await self._take_from(consumer, positions, deferred, room, 0)
        if not taken:
            taken = await self._take_from(consumer, positions, fresh + deferred, room, wait)
        return taken > 0

    async def _take_from(
        self,
        consumer: Consumer,
        positions: Positions,
        partitions: list[TopicPartition],
        room: int,
        wait: float,
    ) -> int:
        """Poll and admit; return how many records that were."""
        polled = await consumer.poll(partitions, room, wait)
        if positions.turn():
            consumer.give_back(polled)
            await positions.look()
            return 0
        records = await self._read_ahead(consumer, polled)
        taken = 0
        while records:
            count = min(at_once(records), max(self._room(), 0))
            if not count:  # it was more when the poll began to wait
                consumer.give_back(records)
                break
            now, records = records[:count], records[count:]
            taken += self._take(consumer, now, records[0].partition if records else None)
            records = await self._after_others(records)
        return taken

    @contextmanager
    def _held(self, records: Sequence[Record]) -> Iterator[Mapping[TopicPartition, Assigned]]:
        """Keep records that are being read from counting as settled; yield the partitions."""
        held = {record.partition: self._assignment[record.partition] for record in records}
        for assigned in held.values():
            assigned.reading = True
        try:
            yield held
        finally:
            for assigned in held.values():
                assigned.reading = False  # received, or given back, before anybody else's turn

    async def _after_others(self, records: Sequence[Record]) -> Sequence[Record]:
        """Let other tasks run; return what may still be taken."""
        if not records:
            return records
        with self._held(records) as held:
            await asyncio.sleep(0)
        has = self._assignment.has
        return [
            each for each in records if has(held[each.partition]) and not held[each.partition].held
        ]

    async def _read_ahead(self, consumer: Consumer, records: Sequence[Record]) -> Sequence[Record]:
        """Read heavy records in a thread; return what may be admitted now."""
        if not any(len(record.value or b"") > HEAVY for record in records):
            return records
        with self._held(records) as held:
            read = await self._admission.read_ahead(records, held)
        # Nothing is taken of partitions that were revoked meanwhile, even if they were assigned
        # again: their start was determined again.
        ours = [each for each in records if self._assignment.has(held[each.partition])]
        now = len([each for each in read if self._assignment.has(held[each.partition])])
        consumer.give_back(ours[now:])
        return ours[:now]

    def _room(self) -> int:
        return 0 if self.paused or not self._may_admit() else self._flow.room

    async def _wait_for_change(self) -> None:
        roomier = self._flow.roomier
        roomier.clear()
        look_anyway = asyncio.get_running_loop().call_later(POLL_SECONDS, roomier.set)
        try:
            await roomier.wait()
        finally:
            look_anyway.cancel()

    def _take(
        self, consumer: Consumer, records: Sequence[Record], unfinished: TopicPartition | None
    ) -> int:
        """Admit records; return how many.

        Args:
            consumer: Handed them over.
            records: At least one.
            unfinished: The partition that more of the same poll is to be taken of.
        """
        self._clock_watch.check(records[-1])
        taken = 0
        for partition, batch in by_partition(records):
            assigned = self._assignment[partition]
            due = batch
            if assigned.delay is not None:
                due = self._retry_topics.due(consumer, assigned, batch)
            self._flow.received(due, assigned)
            taken += len(due)
            if partition != unfinished:
                self._leap(consumer, assigned)
        if taken:
            self.admitted_at = self._clock.monotonic()
        return taken

    def _leap(self, consumer: Consumer, assigned: Assigned) -> None:
        """Skip offsets that are known to be settled, without fetching them."""
        wanted = assigned.ledger.next_wanted(assigned.position)
        if wanted - assigned.position > LEAP:
            self._observer.skipped(wanted - assigned.position)
            assigned.go_on_at(wanted)
            consumer.seek(assigned.partition, wanted)
