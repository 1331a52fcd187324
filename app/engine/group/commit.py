"""Commits: the lowest unsettled offset of each partition, never a higher one."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.edges.kafka.consumer import Consumer
from app.engine.cluster.positions import Positions
from app.engine.group.uncommitted import Uncommitted
from app.engine.history import History
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned
from app.policies.books.commit_metadata import with_topic_id
from app.policies.books.ledger import Commit
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError

log = logging.getLogger(__name__)

INTERVAL = 1.0
TIMEOUT = 10.0
REFUSED_PAUSE = 15.0
"""Seconds until a commit is tried again for a topic that this user may not commit for."""
OVERDUE = 10.0
"""Seconds without an acknowledgement after which nothing more is admitted: a coordinator that is
away must not let repeats accumulate."""


class Committer:
    """Commits every second, or sooner when much was settled.

    While the lock is held, no other commit begins; after ``fence`` none is under way either.

    Args:
        consumer: The member that commits.
        assignment: The partitions it has.
        positions: Knows whether these are still of the topics that are there.
        uncommitted: What was settled since the last commit.
        clock: Tells the time.
        history: Written before the commit that covers it.
        lock: Held while committing.
    """

    def __init__(
        self,
        consumer: Consumer,
        assignment: Assignment,
        positions: Positions,
        uncommitted: Uncommitted,
        clock: Clock,
        history: History,
        lock: asyncio.Lock,
    ) -> None:
        self.lock = lock
        self._consumer = consumer
        self._assignment = assignment
        self._positions = positions
        self._clock = clock
        self._history = history
        self._uncommitted = uncommitted
        self._owing_since: float | None = None
        self._turn: asyncio.Timeout | None = None
        self._refused: dict[str, float] = {}

    @property
    def overdue_for(self) -> float | None:
        """Seconds since a commit became due that is not acknowledged yet, or None."""
        if self._owing_since is None:
            return None
        return self._clock.monotonic() - self._owing_since

    @property
    def may_admit(self) -> bool:
        """Whether commits are acknowledged in time."""
        overdue = self.overdue_for
        return overdue is None or overdue < OVERDUE

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._uncommitted.are_many(INTERVAL)
            await self._history.write()
            async with self.lock:
                try:
                    async with asyncio.timeout(TIMEOUT) as self._turn:
                        await self.commit(TIMEOUT)
                except TimeoutError:
                    log.warning("a commit was not acknowledged in time; going on without it")
                finally:
                    self._turn = None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the lock, without waiting for a commit that Kafka does not answer.

        The whole group waits for a member that has to release its partitions.
        """
        if self._turn is not None:
            self._turn.reschedule(asyncio.get_running_loop().time())
        async with self.lock:
            yield

    async def commit(self, timeout: float) -> bool:
        """Commit what is due; the caller holds the lock. Return whether Kafka acknowledged."""
        try:
            commits = await self._due()
            if not commits:
                self._owing_since = None
                return True
            if self._owing_since is None:
                self._owing_since = self._clock.monotonic()
            # An offset of a deleted topic must not be committed for the topic that replaced it.
            if await self._looked(timeout) and not (commits := await self._due()):
                return True
            refused = await self._consumer.commits.commit(
                {
                    assigned.partition: _stamped(assigned, each)
                    for assigned, each in commits.items()
                },
                timeout,
            )
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.warning("%s", error)
            return False
        self._owing_since = None
        retry_at = self._clock.monotonic() + REFUSED_PAUSE
        self._refused |= dict.fromkeys(refused, retry_at)
        for assigned, commit in commits.items():
            if assigned.partition.topic not in refused:
                assigned.acknowledged(commit)
        return True

    async def _looked(self, timeout: float) -> bool:
        """Look for recreated topics; say whether positions may have changed."""
        try:
            async with asyncio.timeout(timeout):
                return await self._positions.look()
        except TimeoutError as error:
            raise KafkaUnavailableError(
                "Kafka did not tell the ids of its topics: no answer in time"
            ) from error

    async def fence(self, timeout: float) -> bool:
        """Make the last commit of an assignment; the caller holds the lock.

        Afterwards none is under way: one that came late could reset the next generation, and one
        that is tried again could take back what another worker has committed since. And nothing is
        settled that it does not speak of.

        Returns:
            Whether Kafka acknowledged it.
        """
        deadline = self._clock.monotonic() + timeout
        self._history.begin()  # the group waits for this worker, which therefore does not wait
        await self._consumer.commits.ended(timeout)
        self._assignment.freeze()
        left = deadline - self._clock.monotonic()
        acknowledged = left > 0 and await self.commit(left)
        self._consumer.commits.abandon()
        self._owing_since = None
        return acknowledged

    async def _due(self) -> dict[Assigned, Commit]:
        commits: dict[Assigned, Commit] = {}
        now = self._clock.monotonic()
        for assigned in list(self._assignment):
            if self._refused.get(assigned.partition.topic, now) > now:
                continue
            if not self._positions.may_commit(assigned):
                continue
            if assigned.caught_up():
                # Past gaps that hold no records, which the last record's offset + 1 is not.
                position = await self._consumer.position(assigned.partition)
                if assigned.caught_up():
                    assigned.go_on_at(position)
            due = assigned.due()
            if due is not None:
                commits[assigned] = due
        return commits


def _stamped(assigned: Assigned, commit: Commit) -> Commit:
    """Add the id of its topic to a commit."""
    return Commit(commit.offset, with_topic_id(commit.metadata, assigned.topic_id))
