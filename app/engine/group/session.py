"""One membership in the group, from joining to leaving, with its rebalances."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.engine.cluster.positions import Positions
from app.engine.cluster.sampling import Sampler
from app.engine.cluster.unreadable import UnreadablePartitions
from app.engine.conditions import Conditions
from app.engine.flow import Flow
from app.engine.group.commit import Committer
from app.engine.group.intake import Intake
from app.engine.group.letting_go import LettingGo
from app.engine.group.saving import CommitSaver
from app.engine.group.starts import find_starts
from app.engine.group.subscription import Subscription
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight.item import Item
from app.engine.inflight.partition import Assignment, Leftovers
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.settlement import Settler
from app.values.clock import Clock
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

REVOKE_PATIENCE = 1.0
"""Seconds a revoke waits for deliveries under way: the whole group waits for it."""
LEAVE_PATIENCE = 3.0
"""Seconds that it takes at most to put aside what is partly done."""
LAST_COMMIT_TIMEOUT = 5.0
SILENCE = 60.0
"""Seconds without an answer after which the brokers are looked for anew."""
HOPELESS = 10.0
"""Seconds without an answer after which a last word is not waited for."""
SAVE_TIMEOUT = 3.0


class Session:
    """A member of the group.

    Args:
        connection: Where Kafka is.
        subscription: What to consume.
        assignment: Filled and emptied by rebalances.
        flow: Goes on with what is let go of, and with what comes back.
        uncommitted: What was settled since the last commit.
        intake: Takes records.
        dispatcher: Holds what is under way.
        settler: Writes what is put aside.
        saver: Writes down what was committed last.
        clock: Tells the time.
        observer: Counts what is seen.
        conditions: Where it is said what becomes of topics and logs.
        on_sample: Called each time the ends of the logs were asked for.
        patience: Seconds without an answer after which the session fails: only another one, from
            the bootstrap addresses, finds brokers that have moved.

    Attributes:
        joined: Whether partitions are assigned and records are taken.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        assignment: Assignment,
        flow: Flow,
        uncommitted: Uncommitted,
        intake: Intake,
        dispatcher: Dispatcher,
        settler: Settler,
        saver: CommitSaver,
        clock: Clock,
        observer: Observer,
        conditions: Conditions,
        *,
        on_sample: Callable[[], Awaitable[None]],
        patience: float = SILENCE,
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._assignment = assignment
        self._intake = intake
        self._dispatcher = dispatcher
        self._letting_go = LettingGo(assignment, flow, settler, clock)
        self._saver = saver
        self._clock = clock
        self._observer = observer
        self._conditions = conditions
        self._flow = flow
        self._patience = patience
        self._leftovers: Leftovers = {}
        self._leaving = False
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._intake_task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self.joined = False
        self._consumer = Consumer(
            connection,
            subscription.consumed,
            subscription.group_id,
            max_poll_records=subscription.max_poll_records,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
        )
        committing = asyncio.Lock()
        self._positions = Positions(
            self._consumer,
            assignment,
            clock,
            observer,
            conditions,
            drop=flow.taken,
            committing=committing,
        )
        self.committer = Committer(
            self._consumer,
            assignment,
            self._positions,
            uncommitted,
            clock,
            observer.history,
            committing,
        )
        self._sampler = Sampler(
            self._consumer,
            assignment,
            self._positions,
            subscription.first_partition,
            clock,
            on_sample,
        )

    @property
    def silent_for(self) -> float:
        """Seconds since any broker last answered."""
        return self._consumer.silent_for()

    @property
    def group_leader(self) -> str | None:
        """The id of the member that leads the group, as last heard."""
        return self._consumer.group_leader

    def look(self, unreadable: UnreadablePartitions) -> None:
        """Let it be said which partitions cannot be read."""
        unreadable.look(self._consumer.unreadable(), self._consumer.hidden_topics())

    async def open(self) -> None:
        """Join the group; return once it is known where to begin.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or says no.
        """
        self._watching = asyncio.create_task(self._watch(), name="watch for silence")
        joining = asyncio.create_task(self._join(), name="join the group")
        try:
            await asyncio.wait((joining, self._broken), return_when="FIRST_COMPLETED")
            if self._broken.done():
                self._broken.result()
            joining.result()
        finally:
            joining.cancel()
            await asyncio.gather(joining, return_exceptions=True)

    async def _join(self) -> None:
        await self._consumer.start()
        await self._begun.wait()

    async def _watch(self) -> None:
        """Fail once no broker has answered for too long."""
        while True:
            silent = self.silent_for
            if silent >= self._patience:
                break
            if silent >= self._patience / 2:
                self._consumer.knock()
            await asyncio.sleep(self._patience / 8)
        self.fail(
            KafkaUnavailableError(
                f"no broker that this worker knows has answered for {self._patience:g} s: they are"
                " looked for anew, from the bootstrap addresses"
            )
        )

    async def run(self) -> None:
        """Consume until something fails; never returns otherwise."""
        self._intake_task = asyncio.create_task(
            self._intake.run(self._consumer, self._positions, self._subscription.max_poll_records),
            name="intake",
        )
        tasks = (
            self._intake_task,
            asyncio.create_task(self.committer.run(), name="commit"),
            asyncio.create_task(self._sampler.run(), name="sample"),
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
        self._dispatcher.drain()
        return await self._letting_go.until_quiet(timeout)

    async def close(self) -> None:
        """Put aside what is partly done, commit, and leave; bounded, whatever Kafka does."""
        self._leaving = True
        self.joined = False
        self._dispatcher.draining = True
        self._dispatcher.discard(lambda _: True)
        hopeless = self.silent_for > min(HOPELESS, self._patience)
        if not hopeless:
            await self._letting_go.put_aside_partly_done(LEAVE_PATIENCE)
        async with self.committer.alone():
            answers = await self.committer.fence(0.0 if hopeless else LAST_COMMIT_TIMEOUT)
            if answers:
                await self._save()
            self._assignment.take()
        self._dispatcher.discard(lambda _: True)
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._consumer.stop(at_once=not answers)
        if self._broken.done() and not self._broken.cancelled():
            self._broken.exception()  # seen by run, or of no interest any more

    async def _save(self) -> None:
        """Write down where a group that may be away for long has got to."""
        try:
            async with asyncio.timeout(SAVE_TIMEOUT):
                await self._saver.save()
        except TimeoutError:
            log.info("the last commits were not written down in time")

    async def _revoked(self, partitions: set[TopicPartition]) -> None:
        """Let go: finish what was started if it ends soon, commit, and fence."""
        self.joined = False
        self._consumer.forget_all()
        self._dispatcher.draining = True
        self._dispatcher.discard(lambda _: True)
        await self._letting_go.until_quiet(REVOKE_PATIENCE)
        self._dispatcher.discard(lambda _: True)  # what failed meanwhile waits for another attempt
        await self._letting_go.put_aside_partly_done(LEAVE_PATIENCE)
        async with self.committer.alone():
            if partitions:
                await self.committer.fence(LAST_COMMIT_TIMEOUT)
            # Those of the assignment before that did not come in again yet are still under way.
            self._leftovers = {
                taken.partition: {**taken.leftovers, **_started(taken.items), **taken.parked}
                for taken in self._assignment.take()
            }
        self._flow.taken()

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        """Find where to begin, commit it where the group never was, then admit."""
        if self._leaving:
            return
        try:
            starts, fresh = await find_starts(
                self._connection,
                self._subscription,
                self._consumer,
                partitions,
                self._observer,
                self._conditions,
            )
            for partition, start in starts.items():
                self._consumer.seek(partition, start.offset)
            if fresh:
                await self._consumer.commits.commit(fresh, LAST_COMMIT_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - aiokafka would only log it; run raises it
            self.fail(error)
            return
        self._dispatcher.take_share(self._consumer.share_of(partitions))
        self._dispatcher.draining = False
        self._assignment.give(starts, self._leftovers)
        self._leftovers = {}
        self._flow.given()
        self.joined = True
        self._begun.set()
        log.info("this worker has %d partitions: %s", len(partitions), _named(partitions) or "none")


def _started(items: dict[int, Item]) -> dict[int, Item]:
    """Return what destinations were asked about, in case the partition comes back."""
    return {offset: item for offset, item in items.items() if item.started}


def _named(partitions: set[TopicPartition]) -> str:
    """Name partitions, those of a topic together."""
    numbers: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        numbers.setdefault(topic, []).append(number)
    return ", ".join(f"{topic}/{','.join(map(str, each))}" for topic, each in numbers.items())
