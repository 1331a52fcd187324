"""The lanes by destination: made on first use, dropped when idle."""

import random
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import count, islice

from app.edges.channels.base import Channel
from app.engine.clock import EngineClock
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item, Job, State, job_of
from app.engine.inflight.transitions import route
from app.engine.inflight.window import Window
from app.engine.lanes.hosts import Hosts, host_of, name_of
from app.engine.lanes.lane import Lane
from app.engine.lanes.outcomes import LONGEST_HELD
from app.engine.observer import Observer
from app.engine.turn import Turn
from app.policies.addresses.domains import registered_domain
from app.policies.books.pauses import Pausing
from app.policies.limits.budget import Budgets
from app.policies.limits.retry import RetryPolicy
from app.policies.limits.shares import Shares
from app.values.delivery import Delivery, Destination
from app.values.snapshot import DestinationState

IDLE_SECONDS = 600.0
PATIENCE = 10.0
"""Seconds that a lane's waiting jobs may keep their room while others want it."""
MOST_LANES = 4000
"""Lanes that are kept. There are more only while more are busy."""
DROPPED_AT_ONCE = 64
CHUNK = 64
"""Jobs that a lane gives up at a time, or as many as it has more than any other."""

_DENIED = (
    "{} lets nothing of this service's in: {}; what is for it waits and is tried again with growing"
    " pauses, so put right what it names"
)


class Dispatcher:
    """Hands each delivery to the lane of its destination.

    Args:
        channels: By name.
        concurrency: Requests under way per destination, by channel name.
        policy: When to try again, and for how long.
        clock: Tells the time.
        observer: Sees every attempt.
        assignment: The partitions this worker has.
        window: What was taken and is not settled.
        turn: When requests are made, and what comes of them is settled.
        chance: Random numbers between 0 and 1.
        pause_of: Tells by its id whether a destination is paused.

    Attributes:
        draining: The worker is about to stop.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        concurrency: Mapping[str, int],
        policy: RetryPolicy,
        clock: EngineClock,
        observer: Observer,
        assignment: Assignment,
        *,
        window: Window,
        turn: Turn,
        chance: Callable[[], float] = random.random,
        pause_of: Callable[[str], Pausing | None] = lambda _: None,
    ) -> None:
        self._channels = channels
        self._concurrency = concurrency
        self._policy = policy
        self._clock = clock
        self._observer = observer
        self._assignment = assignment
        self._turn = turn
        self._chance = chance
        self.pause_of = pause_of
        self._window = window
        self._shares = Shares(window.most)
        self._budgets = Budgets(clock.monotonic())
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._hosts = Hosts()
        self._order = count()
        self._order_of_deferred = count(-(2**62))
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

    def denied(self) -> dict[str, str]:
        """Return the destinations that let nothing in, by their labels, with what to do."""
        return {
            lane.destination.label: _DENIED.format(lane.destination.label, lane.last_error)
            for lane in self
            if lane.state()[0] is DestinationState.DENIED
        }

    def outdated(self) -> dict[str, str]:
        """Return the addresses that should be written anew, by their labels, with what to write."""
        channels = self._channels.values()
        return {label: text for each in channels for label, text in each.outdated().items()}

    def waits_for(self, job: Job) -> tuple[str | None, float | None]:
        """Return why a waiting job is not sent now, and the seconds until it may be."""
        destination = job.delivery.destination
        lane = self._lanes.get((destination.channel, destination.address))
        return (None, None) if lane is None else lane.waits_for(job)

    def submit(self, item: Item, deliveries: Iterable[Delivery], *, crowded: bool = False) -> None:
        """Put an item's deliveries in line; what was deferred before goes ahead of what is new.

        Args:
            item: In the books.
            deliveries: All that it has.
            crowded: So much waits that it should take less memory.
        """
        jobs = tuple(
            [
                job_of(
                    item,
                    delivery,
                    self._next_order(item),
                    in_order=self._channels[delivery.destination.channel].in_order,
                )
                for delivery in deliveries
            ]
        )
        route(item, jobs)
        for job in jobs:
            self.lane(job.delivery.destination).submit(job, crowded=crowded)

    def resubmit(self, item: Item) -> None:
        """Put in line again what was discarded when the partition was taken away.

        What stands before it in the partition has come in again, too, and goes ahead of it.
        """
        for job in item.jobs:
            if job.state is State.DISCARDED:
                job.order = self._next_order(item)
                self.lane(job.delivery.destination).submit(job)

    def _next_order(self, item: Item) -> int:
        return next(self._order if item.before is None else self._order_of_deferred)

    def discard(self, unwanted: Callable[[Item], bool]) -> None:
        """Drop the waiting jobs of unwanted items; those under way go on."""
        for lane in self:
            lane.discard(lambda job: unwanted(job.item))

    def drain(self) -> None:
        """Go on only with what was started, and with nothing that needs a further attempt."""
        self.draining = True
        for lane in self:
            lane.drain()

    def put_aside_overdue(self, items: Iterable[Item]) -> None:
        """Put aside what waits of items that have been in memory for too long.

        Args:
            items: Each partition's oldest first.
        """
        if not (self._policy.defers and self._turn.may_send()):
            return
        horizon = self._clock.monotonic() - LONGEST_HELD
        overdue = {item for item in items if item.received_at < horizon}
        if overdue:
            for lane in self:
                lane.put_aside(lambda job: job.item in overdue)

    def relieve(self, excess: int) -> bool:
        """Make room: lanes that would be long about it put aside what they would send last.

        A lane that sends its share in time keeps it, however full the window is: a backlog that is
        being worked off is no reason to put anything aside.

        Args:
            excess: How many items there are too many.

        Returns:
            Whether any lane put something aside.
        """
        if not (self._policy.defers and self._turn.may_send()):
            return False
        wanted = excess
        slow = [
            (-lane.queued, number, lane)
            for number, lane in enumerate(self)
            if lane.queued and lane.expected_wait() > PATIENCE
        ]
        heapify(slow)
        while excess > 0 and slow:
            _, number, fullest = heappop(slow)
            lead = fullest.queued + (slow[0][0] if slow else 0)
            count = min(excess, max(lead, CHUNK))
            excess -= fullest.give_up_last(count)
            if fullest.queued:
                heappush(slow, (-fullest.queued, number, fullest))
        return excess < wanted

    def take_share(self, share: float) -> None:
        """Keep to a part (0 to 1) of the limits that belong to all workers of the group."""
        self._budgets.begin(share, self._clock.monotonic())

    def probe_now(self) -> None:
        """Let broken and gone destinations be asked again at once."""
        for lane in list(self):
            lane.probe_now()

    def keep_to_pauses(self, changed: Container[str]) -> None:
        """Keep to what operators have said anew about destinations with these ids."""
        for lane in list(self):
            if lane.id in changed:
                lane.keep_to(self.pause_of(lane.id))

    def drop_idle(self) -> None:
        """Forget lanes that nobody has used for a while, and what was known of hosts."""
        now = self._clock.monotonic()
        self._budgets.forget_full(self._lanes, now)
        self._hosts.forget(now)
        horizon = now - IDLE_SECONDS
        for name, lane in list(self._lanes.items()):
            if lane.last_used < horizon and lane.idle:
                lane.close()
                del self._lanes[name]

    def close(self) -> None:
        """Give up what waits and what is under way."""
        for lane in self:
            lane.close()
        self._lanes.clear()

    @property
    def nearly_full(self) -> bool:
        """See ``Surroundings``."""
        return self._window.nearly_full

    def is_held(self, item: Item) -> bool:
        """See ``Surroundings``."""
        return self._assignment.of(item) is not None

    def discard_gone(self) -> None:
        """Drop the waiting jobs of what was taken away; those under way go on."""
        self.discard(lambda item: not self.is_held(item))

    def job_done(self, job: Job) -> None:
        """See ``Surroundings``."""
        if job.item.finished:
            self._turn.ended(job.item)

    def host_limited(self, destination: Destination, until: float) -> None:
        """See ``Surroundings``: lanes that are made until then are held, too."""
        host = host_of(destination)
        self._hosts.hold(host, until)
        for lane in list(self):
            if lane.host == host:
                lane.hold(until)

    def request_refused(self, destination: Destination) -> None:
        """See ``Surroundings``: they count only if the channel's service bans for them."""
        limit = self._channels[destination.channel].refusal_limit
        if limit is None:
            return
        now = self._clock.monotonic()
        pause = self._hosts.refused(host_of(destination), limit, now)
        if pause > 0:
            self.host_limited(destination, now + pause)

    def lane(self, destination: Destination) -> Lane:
        """Return the lane of a destination; it is made on first use."""
        # The same URL may be told in Discord's form by one notification and not by another.
        name = destination.channel, destination.address
        lane = self._lanes.pop(name, None)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._drop_some()
            lane = self._make_lane(destination)
        self._lanes[name] = lane  # the one that was used longest ago comes first
        return lane

    def _make_lane(self, destination: Destination) -> Lane:
        host = host_of(destination)
        channel = self._channels[destination.channel]
        lane = Lane(
            destination,
            channel,
            host=host,
            concurrency=self._concurrency[destination.channel],
            policy=self._policy,
            clock=self._clock,
            observer=self._observer,
            chance=self._chance,
            turn=self._turn,
            share=self._shares.of(registered_domain(name_of(host))),
            budget=self._budgets.of(
                (destination.channel, destination.address), channel.limits(destination.address)
            ),
            surroundings=self,
        )
        lane.hold(self._hosts.held_until(host))
        return lane

    def _drop_some(self) -> None:
        """Forget lanes that do nothing, the longest unused first: there may be any number of names.

        What is known of them is lost: a destination that was broken is found to be so again.
        """
        unused = (item for item in self._lanes.items() if not item[1].busy)
        for name, lane in list(islice(unused, DROPPED_AT_ONCE)):
            lane.close()
            del self._lanes[name]
