"""One membership in the group, from joining to leaving, with its rebalances."""

import asyncio
import logging
from collections.abc import Callable, Collection

import msgspec

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.engine.commit import Committer
from app.engine.dispatch import Dispatcher
from app.engine.intake import Intake
from app.engine.item import Item
from app.engine.journal import Journal
from app.engine.partition import Assigned, Assignment, Leftovers
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

REVOKE_PATIENCE = 1.0
"""Seconds a revoke waits for deliveries under way: the whole group waits for it."""
LAST_COMMIT_TIMEOUT = 5.0
SAMPLE_SECONDS = 2.0


class Subscription(msgspec.Struct, frozen=True):
    """What a worker consumes, and how.

    Attributes:
        topics: To consume.
        service_topics: Further ones that must be there: the dead-letter topic.
        start_at_earliest: Where a group starts that has no offsets at all.
        partitions: Of topics that are created.
        replication_factor: Of topics that are created; None for the broker's default.
    """

    topics: tuple[str, ...]
    service_topics: tuple[str, ...]
    group_id: str
    start_at_earliest: bool
    max_poll_records: int
    partitions: int
    replication_factor: int | None


class Session:
    """A member of the group.

    Args:
        connection: Where Kafka is.
        subscription: What to consume.
        assignment: Filled and emptied by rebalances.
        intake: Takes records.
        dispatcher: Holds what is under way.
        journal: Tells the time.
        on_sample: Called each time the ends of the logs were asked for.

    Attributes:
        joined: Whether partitions are assigned and records are taken.
        answered_at: Monotonic seconds when Kafka last answered.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        assignment: Assignment,
        intake: Intake,
        dispatcher: Dispatcher,
        journal: Journal,
        *,
        on_sample: Callable[[], None],
    ) -> None:
        self._on_sample = on_sample
        self._connection = connection
        self._subscription = subscription
        self._assignment = assignment
        self._intake = intake
        self._dispatcher = dispatcher
        self._journal = journal
        self._leftovers: Leftovers = {}
        self._leaving = False
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._intake_task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self.joined = False
        self.answered_at = journal.monotonic()
        self._consumer = Consumer(
            connection,
            subscription.topics,
            subscription.group_id,
            max_poll_records=subscription.max_poll_records,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
        )
        self.committer = Committer(self._consumer, assignment, journal)

    async def open(self) -> None:
        """Create missing topics and join the group; return once it is known where to begin.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or says no.
        """
        wanted = self._subscription
        async with Admin(self._connection) as admin:
            await admin.create_missing(
                (*wanted.topics, *wanted.service_topics),
                wanted.partitions,
                wanted.replication_factor,
            )
        await self._consumer.start()
        joined = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait((joined, self._broken), return_when="FIRST_COMPLETED")
        finally:
            joined.cancel()
        if self._broken.done():
            self._broken.result()
        self.answered_at = self._journal.monotonic()

    async def run(self) -> None:
        """Consume until something fails; never returns otherwise."""
        self._intake_task = asyncio.create_task(
            self._intake.run(self._consumer, self._subscription.max_poll_records), name="intake"
        )
        tasks = (
            self._intake_task,
            asyncio.create_task(self.committer.run(), name="commit"),
            asyncio.create_task(self._sample(), name="sample"),
        )
        try:
            done, _ = await asyncio.wait((*tasks, self._broken), return_when="FIRST_COMPLETED")
            while self._leaving and done <= {self._intake_task}:
                done, _ = await asyncio.wait(
                    (*tasks[1:], self._broken), return_when="FIRST_COMPLETED"
                )
            for ended in done:
                ended.result()
            raise RuntimeError(f"tasks ended early: {', '.join(map(repr, done))}")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def fail(self, error: BaseException) -> None:
        """Let ``run`` end with an error that happened elsewhere."""
        if not self._broken.done():
            self._broken.set_exception(error)

    async def drain(self, timeout: float) -> bool:
        """Take nothing more and wait for what was started; say whether all of it ended."""
        self._leaving = True
        self.joined = False
        if self._intake_task is not None:
            self._intake_task.cancel()
        self._dispatcher.draining = True
        self._dispatcher.discard(_not_started)
        return await self._until_quiet(timeout)

    async def close(self) -> None:
        """Commit what is settled and leave the group; bounded, whatever Kafka does."""
        self._leaving = True
        self.joined = False
        async with self.committer.lock:
            await self.committer.commit(LAST_COMMIT_TIMEOUT)
            self._assignment.take()
        await self._consumer.stop()
        if self._broken.done() and not self._broken.cancelled():
            self._broken.exception()  # seen by run, or of no interest any more

    async def _until_quiet(self, timeout: float) -> bool:
        deadline = self._journal.monotonic() + timeout
        while any(item.under_way for item in self._assignment.items()):
            if self._journal.monotonic() >= deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def _revoked(self, partitions: set[TopicPartition]) -> None:
        """Let go: finish what was started if it ends soon, commit, and fence."""
        self.joined = False
        self._consumer.forget(partitions)
        self._dispatcher.discard(lambda _: True)
        await self._until_quiet(REVOKE_PATIENCE)
        async with self.committer.lock:
            if partitions:
                await self.committer.commit(LAST_COMMIT_TIMEOUT)
            self._leftovers = _leftovers(self._assignment.take())
        self._intake.reset()

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        """Find where to begin, commit it where the group never was, then admit."""
        if self._leaving:
            return
        try:
            starts, fresh = await self._starts(partitions)
            for partition, start in starts.items():
                self._consumer.seek(partition, start)
            if fresh:
                await self._consumer.commit(fresh, LAST_COMMIT_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - aiokafka would only log it; run raises it
            self.fail(error)
            return
        self._assignment.give(starts, self._leftovers)
        self._leftovers = {}
        self._intake.reset()
        self.joined = True
        self._begun.set()
        names = ", ".join(f"{topic}/{number}" for topic, number in sorted(partitions))
        log.info("this worker has %d partitions: %s", len(partitions), names or "none")

    async def _starts(
        self, partitions: Collection[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """Return where each partition begins, and those of them that have no commit yet."""
        topics = {topic for topic, _ in partitions}
        async with Admin(self._connection) as admin:
            counts = await admin.partition_counts(topics)
            everywhere = {
                TopicPartition(topic, number)
                for topic, count in counts.items()
                for number in range(count)
            }
            committed = await admin.committed(
                self._subscription.group_id, everywhere | set(partitions)
            )
        known = {topic for (topic, _), offset in committed.items() if offset is not None}
        missing = [partition for partition in partitions if committed[partition] is None]
        new = [partition for partition in missing if partition.topic not in known]
        if self._subscription.start_at_earliest:
            fresh = await self._consumer.log_starts(missing)
        else:
            # A partition that was added to a topic the group reads already starts at its start.
            grown = [partition for partition in missing if partition.topic in known]
            fresh = await self._consumer.log_ends(new) | await self._consumer.log_starts(grown)
        there = {tp: offset for tp in partitions if (offset := committed[tp]) is not None}
        return there | fresh, fresh

    async def _sample(self) -> None:
        """Ask Kafka where its logs end: for the lag, and to know that it is there."""
        while True:
            try:
                ends = await self._consumer.log_ends(self._assignment.partitions())
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.warning("%s", error)
            else:
                if ends:
                    self.answered_at = self._journal.monotonic()
                for assigned in self._assignment:
                    assigned.end = ends.get(assigned.partition, assigned.end)
            self._dispatcher.drop_idle()
            self._on_sample()
            await asyncio.sleep(SAMPLE_SECONDS)


def _not_started(item: Item) -> bool:
    return not item.started


def _leftovers(taken: Collection[Assigned]) -> Leftovers:
    """Return what destinations were asked about, in case the partition comes back."""
    return {
        assigned.partition: {
            offset: item for offset, item in assigned.items.items() if item.started
        }
        for assigned in taken
    }
