"""The lanes by destination: made on first use, dropped when idle."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from urllib.parse import urlsplit

from app.edges.channels.base import Channel
from app.engine.item import Item, Job, State
from app.engine.journal import Journal
from app.engine.lane import Lane, Spawn
from app.policies.retry import RetryPolicy
from app.values.delivery import Delivery, Destination

IDLE_SECONDS = 600.0


class Dispatcher:
    """Hands each delivery to the lane of its destination.

    Args:
        channels: By name.
        concurrency: Deliveries under way per destination, by channel name.
        policy: When to try again.
        journal: Where attempts are written down.
        spawn: Starts a named task that the worker watches.
        on_finished: Called with an item once every target has its final answer.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        concurrency: Mapping[str, int],
        policy: RetryPolicy,
        journal: Journal,
        *,
        spawn: Spawn,
        on_finished: Callable[[Item], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._channels = channels
        self._concurrency = concurrency
        self._policy = policy
        self._journal = journal
        self._spawn = spawn
        self._on_finished = on_finished
        self._chance = chance
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._order = count()
        self.draining = False

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    @property
    def queued(self) -> int:
        """Deliveries that wait."""
        return sum(lane.queued for lane in self)

    @property
    def could_work(self) -> bool:
        """Whether any lane has something that could be done now."""
        return any(lane.could_work for lane in self)

    def submit(self, item: Item, deliveries: Iterable[Delivery]) -> None:
        """Put an item's deliveries in line."""
        item.jobs = [Job(item, delivery, next(self._order)) for delivery in deliveries]
        for job in item.jobs:
            self._lane(job.delivery.destination).submit(job)

    def resubmit(self, item: Item) -> None:
        """Put in line again what was discarded when the partition was taken away."""
        for job in item.jobs:
            if job.state is State.DISCARDED:
                self._lane(job.delivery.destination).submit(job)

    def discard(self, unwanted: Callable[[Item], bool]) -> None:
        """Drop the waiting jobs of unwanted items; those under way go on."""
        for lane in self:
            lane.discard(lambda job: unwanted(job.item))

    def drop_idle(self) -> None:
        """Forget lanes that nothing has used for a while."""
        horizon = self._journal.now() - IDLE_SECONDS
        for name, lane in list(self._lanes.items()):
            if lane.idle and lane.last_used < horizon:
                del self._lanes[name]

    def close(self) -> None:
        """Cancel every lane's timers."""
        for lane in self:
            lane.close()
        self._lanes.clear()

    def _lane(self, destination: Destination) -> Lane:
        # The same URL may be told in Discord's form by one notification and not by another.
        name = destination.channel, destination.address
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(
                destination,
                self._channels[destination.channel],
                concurrency=self._concurrency[destination.channel],
                policy=self._policy,
                journal=self._journal,
                chance=self._chance,
                spawn=self._spawn,
                on_done=self._job_done,
                on_host_limit=self._hold_host,
                may_retry=self._may_retry,
            )
        return lane

    def _job_done(self, job: Job) -> None:
        if job.item.finished:
            self._on_finished(job.item)

    def _may_retry(self, job: Job) -> bool:
        """While draining, only what is partly delivered is worth another attempt."""
        return not self.draining or bool(job.item.delivered)

    def _hold_host(self, destination: Destination, until: float) -> None:
        host = urlsplit(destination.address).netloc
        for lane in self:
            if urlsplit(lane.destination.address).netloc == host:
                lane.hold(until)
