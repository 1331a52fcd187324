"""Rebalances: partitions are taken from this worker, and given to it."""

import logging
from collections.abc import Callable
from typing import Final

from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.engine.conditions import Conditions
from app.engine.flow import Flow
from app.engine.group.commit import Committer
from app.engine.group.letting_go import LettingGo
from app.engine.group.starts import Starts, find_starts
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment, Leftovers
from app.engine.inflight.item import Item
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

REVOKE_PATIENCE: Final = 1.0
"""Seconds a revoke waits for deliveries under way: the whole group waits for it."""
LEAVE_PATIENCE: Final = 3.0
"""Seconds that it takes at most to put aside what is partly done."""
LAST_COMMIT_TIMEOUT = 5.0


class Rebalances:
    """What one member of the group does when the group divides its partitions anew.

    Args:
        connection: Where Kafka is.
        subscription: What is consumed.
        consumer: The member.
        committer: Commits before partitions go.
        assignment: Filled and emptied.
        flow: Goes on with what is let go of, and with what comes back.
        dispatcher: Holds what is under way.
        letting_go: Waits for it, and puts aside what is partly done.
        observer: Counts what is seen.
        conditions: Where it is said how a partition begins.
        fail: Ends the session with an error.

    Attributes:
        joined: Whether partitions are assigned and records are taken.
        leaving: Whether the member leaves the group: then it is given nothing more.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        consumer: Consumer,
        committer: Committer,
        assignment: Assignment,
        flow: Flow,
        dispatcher: Dispatcher,
        letting_go: LettingGo,
        observer: Observer,
        conditions: Conditions,
        *,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._consumer = consumer
        self._committer = committer
        self._assignment = assignment
        self._flow = flow
        self._dispatcher = dispatcher
        self._letting_go = letting_go
        self._observer = observer
        self._conditions = conditions
        self._fail = fail
        self.leftovers: Leftovers = {}
        self.joined = False
        self.leaving = False

    def leave(self) -> None:
        """Take nothing more: the member is about to leave the group."""
        self.leaving = True
        self.joined = False

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """Let go: finish what was started if it ends soon, commit, and fence."""
        self.joined = False
        self._consumer.forget_all()
        self._dispatcher.draining = True
        self._dispatcher.discard(lambda _: True)
        await self._letting_go.until_quiet(REVOKE_PATIENCE)
        self._dispatcher.discard(lambda _: True)  # what failed meanwhile waits for another attempt
        await self._letting_go.put_aside_partly_done(LEAVE_PATIENCE)
        async with self._committer.alone():
            if partitions:
                await self._committer.fence(LAST_COMMIT_TIMEOUT)
            # Those of the assignment before that did not come in again yet are still under way.
            self.leftovers = {
                taken.partition: {**taken.leftovers, **_started(taken.items), **taken.parked}
                for taken in self._assignment.take()
            }
        self._flow.taken()

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Find where to begin, commit it where the group never was, then admit."""
        starts = None if self.leaving else await self._begin(partitions)
        if starts is None or self.leaving:  # the session was closed meanwhile
            return
        self._dispatcher.take_share(self._consumer.metadata.share_of(partitions))
        self._dispatcher.draining = False
        self._assignment.give(starts, self.leftovers)
        self.leftovers = {}
        self._flow.given()
        self.joined = True
        log.info("this worker has %d partitions: %s", len(partitions), _named(partitions) or "none")

    async def _begin(self, partitions: set[TopicPartition]) -> Starts | None:
        """Go to where each partition begins; None if that failed, and the session with it."""
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
            self._fail(error)
            return None
        return starts


def _started(items: dict[int, Item]) -> dict[int, Item]:
    """Return what destinations were asked about, in case the partition comes back."""
    return {offset: item for offset, item in items.items() if item.started}


def _named(partitions: set[TopicPartition]) -> str:
    """Name partitions, those of a topic together."""
    numbers: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        numbers.setdefault(topic, []).append(number)
    return ", ".join(f"{topic}/{','.join(map(str, each))}" for topic, each in numbers.items())
