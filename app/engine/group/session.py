"""One membership in the group, from joining to leaving."""

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
from app.engine.group.rebalances import LAST_COMMIT_TIMEOUT, LEAVE_PATIENCE, Rebalances
from app.engine.group.saving import CommitSaver
from app.engine.group.subscription import Subscription
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight.assignment import Assignment
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.settlement import Settler
from app.values.clock import Clock
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

HOPELESS = 10.0
"""Seconds without an answer after which the last commit is not waited for."""
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
        conditions: Shows what becomes of topics and logs.
        on_sample: Called each time the ends of the logs were asked for.
        patience: Seconds without an answer after which the session fails: only another one, from
            the bootstrap addresses, finds brokers that have moved.

    Attributes:
        committer: Commits what is settled.
        rebalances: What it does when partitions come and go.
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
        patience: float,
    ) -> None:
        self._subscription = subscription
        self._assignment = assignment
        self._intake = intake
        self._dispatcher = dispatcher
        self._letting_go = LettingGo(assignment, flow, settler, clock)
        self._saver = saver
        self._patience = patience
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._intake_task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._consumer = Consumer(
            connection,
            subscription.consumed,
            subscription.group_id,
            max_poll_records=subscription.max_poll_records,
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
        self.rebalances = Rebalances(
            connection,
            subscription,
            self._consumer,
            self.committer,
            assignment,
            flow,
            dispatcher,
            self._letting_go,
            observer,
            conditions,
            fail=self.fail,
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
    def joined(self) -> bool:
        """Whether partitions are assigned and records are taken."""
        return self.rebalances.joined

    @property
    def silent_for(self) -> float:
        """Seconds since any broker last answered."""
        return self._consumer.silent_for()

    @property
    def unconfirmed_for(self) -> float:
        """Seconds since the coordinator was last asked whether this is a member, and said yes."""
        return self._consumer.unconfirmed_for()

    @property
    def group_leader(self) -> str | None:
        """The id of the member that leads the group, as last heard."""
        return self._consumer.group_leader

    def look(self, unreadable: UnreadablePartitions) -> None:
        """Update the warnings of partitions that cannot be read."""
        unreadable.look(self._consumer.unreadable(), self._consumer.metadata.hidden_topics())

    async def open(self) -> None:
        """Join the group; return once it is known where to begin.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
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
        await self._consumer.start(self._assigned, self.rebalances.revoked)
        await self._begun.wait()

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        await self.rebalances.assigned(partitions)
        if self.joined:
            self._begun.set()

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
                f"no broker that this worker knows has answered for {self._patience:g} s: the"
                " bootstrap addresses are asked again"
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
            while self.rebalances.leaving and done <= {self._intake_task}:
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
        self.rebalances.leave()
        if self._intake_task is not None:
            self._intake_task.cancel()
        self._dispatcher.drain()
        return await self._letting_go.until_quiet(timeout)

    async def close(self) -> None:
        """Put aside what is partly done, commit, and leave; bounded, whatever Kafka does."""
        self.rebalances.leave()
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
        """Save the commits: the group may be away for long, and Kafka may forget them."""
        try:
            async with asyncio.timeout(SAVE_TIMEOUT):
                await self._saver.save()
        except TimeoutError:
            log.info("the last commits were not saved in time")
