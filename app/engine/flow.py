"""What follows from what: the story of a record, from its partition to its end."""

import asyncio
from collections.abc import Sequence
from typing import assert_never

from app.engine.admission import (
    Admission,
    Judgement,
    Newer,
    NotOurs,
    Refused,
    digest_of,
)
from app.engine.clock import EngineClock
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight import transitions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.leaders import Leaders, is_compared
from app.engine.inflight.leaving import deferral_of
from app.engine.inflight.parked import GONE, Parked, Why, park, too_old_at, unclaimed
from app.engine.inflight.partition import Assigned, Done
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.settlement import TOO_LARGE, Settler
from app.engine.spans import traced
from app.policies.books.statistics import Verdict
from app.policies.headers.deferral import SHORTEST
from app.policies.routing import Routed
from app.values.notification import Notification
from app.values.outcome import Reason
from app.values.record import Record

RELIEVE_SECONDS = 0.2
"""Between two looks at which lanes are slow, if none was."""


class Flow:
    """Leads each record from one station to the next.

    ``received`` → judged → delivered by its lanes, or refused → ``ended`` → settled; or written
    elsewhere, ``ended`` again once that is acknowledged, and then settled. ``taken`` and ``given``
    are a rebalance.

    Args:
        assignment: The partitions this worker has.
        admission: Judges what comes in.
        dispatcher: Has it delivered.
        settler: Writes what leaves.
        leaders: Knows repeats.
        window: What is in flight.
        uncommitted: What was settled since the last commit.
        clock: Tells the time.
        observer: Sees it all.
        max_age: Seconds for which a notification is tried; 0 if nothing is put aside.

    Attributes:
        roomier: Set when there may be more room than before.
    """

    def __init__(
        self,
        assignment: Assignment,
        admission: Admission,
        dispatcher: Dispatcher,
        settler: Settler,
        leaders: Leaders,
        window: Window,
        uncommitted: Uncommitted,
        clock: EngineClock,
        observer: Observer,
        *,
        max_age: float,
    ) -> None:
        self._assignment = assignment
        self._admission = admission
        self._dispatcher = dispatcher
        self._settler = settler
        self._leaders = leaders
        self._window = window
        self._uncommitted = uncommitted
        self._clock = clock
        self._observer = observer
        self._spans = observer.spans
        self._max_age = max_age
        self._relieve_at = 0.0
        self.roomier = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more records may be taken."""
        return self._window.room

    def relieve(self) -> None:
        """Let slow lanes make room, once the window is nearly full.

        If none is slow they are not looked at again for a while: there may be thousands.
        """
        excess = self._window.excess(self._settler.leaving)
        if excess <= 0:
            return
        now = self._clock.monotonic()
        if now >= self._relieve_at and not self._dispatcher.relieve(excess):
            self._relieve_at = now + RELIEVE_SECONDS

    # A record comes in.

    def received(self, records: Sequence[Record], assigned: Assigned) -> None:
        """Take records of one partition into its books, and send them on their way.

        All of them are entered, then judged, then routed, then put in line: in stages, for the
        reason that ``Turn`` gives. One by one if some of them go on that were begun before: each
        is to have its place in line among those that are new.
        """
        if assigned.leftovers:
            for record in records:
                self._receive((record,), assigned)
        else:
            self._receive(records, assigned)

    def _receive(self, records: Sequence[Record], assigned: Assigned) -> None:
        items: list[Item] = []
        now, ledger, leftovers = self._clock.monotonic(), assigned.ledger, assigned.leftovers
        for record in records:
            if record.offset < ledger.mark and ledger.passes_over(record.offset):
                assigned.go_on_at(record.offset + 1)
                self._observer.skipped()
            elif not (leftovers and self._goes_on(record, assigned)):
                items.append(self._enter(record, assigned, now))
        judged = [self._admission.judge(item) for item in items]
        wanted = [
            item
            for item, judgement in zip(items, judged, strict=True)
            if self._is_wanted(item, judgement, assigned)
        ]
        routed = [self._admission.route(item) for item in wanted]
        for item, where in zip(wanted, routed, strict=True):
            self._deliver(item, where)

    def _enter(self, record: Record, assigned: Assigned, now: float) -> Item:
        item = self._admission.item(record, assigned, now)
        if self._spans is not None:
            self._spans.begin(item)
        assigned.enter(item)
        self._window.enter(item)
        return item

    def returned(self, parked: Parked, record: Record | None, assigned: Assigned) -> None:
        """Take a record in again that was parked; its time has come.

        Args:
            parked: What was kept of it.
            record: As it was read again; None if the log does not hold it any more.
            assigned: Its partition.
        """
        is_there = record is not None and digest_of(record) == parked.digest
        if record is None or not is_there:
            item = self._admission.missing(parked, assigned)
        else:
            item = self._admission.returning(parked, record, assigned)
        if self._spans is not None:
            self._spans.begin(item)
        assigned.take_back(item)
        self._window.enter(item)
        if not is_there:
            self._refuse(item, Reason.EXHAUSTED, GONE)
        elif parked.why is Why.FOREIGN:
            self._refuse(item, Reason.EXHAUSTED, unclaimed(item.origin.topic))
        elif self._is_wanted(item, self._admission.judge(item), assigned, too_large=True):
            self._deliver(item, self._admission.route(item))

    def _goes_on(self, record: Record, assigned: Assigned) -> bool:
        """Go on with what was begun before the partition was away; say whether it was."""
        leftover = assigned.leftovers.pop(record.offset, None)
        # The same offset of a topic that was made anew is another record.
        match leftover:
            case Item() if leftover.record == record.stamped(leftover.record.timestamp):
                self._join(leftover, assigned)
                return True
            case Parked() if leftover.digest == digest_of(record):
                assigned.park(leftover)
                return True
            case Done() if leftover.digest == digest_of(record):
                assigned.pass_over(record.offset, leftover)
                self._observer.skipped()
                return True
            case _:
                return False

    def _join(self, item: Item, assigned: Assigned) -> None:
        """Go on with an item whose partition was away: what was delivered stays delivered."""
        transitions.give(item, assigned.epoch)
        assigned.enter(item)
        self._window.enter(item)
        if is_compared(item):
            self._leaders.of(item)
        self._dispatcher.resubmit(item)
        if item.finished:
            self.ended(item)

    def _is_wanted(
        self, item: Item, judged: Judgement, assigned: Assigned, *, too_large: bool = False
    ) -> bool:
        """Say whether an item is to be delivered; if not, see to what becomes of it.

        Args:
            item: In the books.
            judged: What it is.
            assigned: Its partition.
            too_large: The retry topics did not take it. What a newer version deferred is handed on
                all the same, as soon as they do.
        """
        match judged:
            case Notification():
                transitions.understand(item, judged, too_large=too_large)
                return not self._is_repeat(item)
            case Refused(reason, error):
                self._refuse(item, reason, error)
            case Newer():
                transitions.hand_on(item)
                self.ended(item)
            case NotOurs():
                left = too_old_at(item, self._max_age) - self._clock.broker_now()
                now = self._clock.monotonic()
                parked = park(item, Why.FOREIGN, now, now + left)
                self._park(item, assigned, parked)
            case _:
                assert_never(judged)
        return False

    def _is_repeat(self, item: Item) -> bool:
        """Settle a repeat, or let it wait for what becomes of the first; say whether it is one."""
        if not is_compared(item):
            return False
        if self._leaders.is_known(item):
            self._drop_repeat(item)
            return True
        leader = self._leaders.of(item)
        if leader is item:
            return False
        transitions.follow(item, leader)
        return True

    def _deliver(self, item: Item, routed: Routed | Refused) -> None:
        """Hand an item's deliveries to their lanes."""
        if isinstance(routed, Refused):
            self._refuse(item, routed.reason, routed.error)
            return
        if item.notification is not None and not item.notification.requests:
            self._observer.suppressed(item, item.notification)
        if routed.unroutable:
            now = self._clock.broker_now()
            transitions.fail_each(item, routed.unroutable, Reason.UNROUTABLE, now)
            self._observer.unroutable(item, routed.unroutable)
        if item.span is not None:
            routed = traced(routed, item.span)
        self._dispatcher.submit(item, routed.deliveries, crowded=self._window.crowded)
        if not routed.deliveries:
            self.ended(item)

    def _refuse(self, item: Item, reason: Reason, error: str) -> None:
        """Make a dead letter of a record that cannot be used as a whole."""
        transitions.refuse(item, reason, error, self._clock.broker_now())
        self._observer.unusable(item, None, reason, error)
        self.ended(item)

    # Every delivery has its end, or what left is acknowledged.

    def ended(self, item: Item) -> None:
        """Settle an item about which nothing more is done here, or let it leave.

        The rule of the house: an offset is done once every target has its answer, or what is left
        of the record is acknowledged where it goes on.
        """
        assigned = self._assignment.of(item)
        if assigned is None:
            return  # taken away; whoever has the partition now settles it
        if item.is_accepted:
            self._settle(item, assigned, Verdict.SENT)
        elif item.written or not item.leaves:
            self._settle(item, assigned, None if item.deferred else item.verdict())
        elif item.too_large and item.deferred:
            self._keep(item, assigned)
        elif not item.leaving:
            transitions.leave(item)
            self._settler.write(item)

    def _keep(self, item: Item, assigned: Assigned) -> None:
        """Leave its offset unsettled, alone, and let go of its record until it is due."""
        if item in assigned.strays:  # nobody can read it again
            transitions.give_up_rest(item, TOO_LARGE, self._clock.broker_now())
            self.ended(item)
            return
        before, seconds = None, SHORTEST
        if not item.foreign:
            later = deferral_of(item)
            before, seconds = later.deferral, later.seconds
            self._observer.kept(item)
        now = self._clock.monotonic()
        self._park(item, assigned, park(item, Why.TOO_LARGE, now, now + seconds, before))

    def _park(self, item: Item, assigned: Assigned, parked: Parked) -> None:
        if self._spans is not None:
            self._spans.end(item, "parked")
        assigned.park(parked)
        transitions.park(item)
        self._closed(item, None)

    def _settle(self, item: Item, assigned: Assigned, verdict: Verdict | None) -> None:
        assigned.settle(item)
        if verdict is not None:
            self._observer.settled(item, verdict)
        transitions.settle(item)
        self._closed(item, verdict)
        self._uncommitted.settled()

    def _drop_repeat(self, item: Item) -> None:
        assigned = self._assignment.of(item)
        if assigned is None:
            return
        assigned.settle(item)
        transitions.settle(item)
        self._window.leave(item)
        self._observer.duplicate()
        if self._spans is not None:
            self._spans.end(item, "duplicate")
        self.roomier.set()

    def _closed(self, item: Item, verdict: Verdict | None) -> None:
        """Make room, remember what was sent, and decide about repeats that waited for it.

        Args:
            item: Settled just now, or parked.
            verdict: None if it is still going to be delivered.
        """
        self._window.leave(item)
        self.roomier.set()
        told = item.notification
        if verdict is Verdict.SENT and told is not None and told.message_id is not None:
            self._leaders.remember(item, self._clock.monotonic())
        if not self._leaders.step_down(item):
            return
        if verdict is Verdict.SENT or verdict is None:
            for follower in item.followers:
                self._drop_repeat(follower)
        else:
            self._let_another_lead(item)

    def _let_another_lead(self, leader: Item) -> None:
        """Deliver one of the repeats that waited for an item which was not delivered."""
        waiting = [each for each in leader.followers if self._assignment.of(each) is not None]
        if waiting and not self._dispatcher.draining:  # else they come in again, elsewhere or here
            first, *others = waiting
            transitions.lead(first, others)
            self._leaders.lead(first)
            self._deliver(first, self._admission.route(first))

    # Partitions come and go.

    def taken(self) -> None:
        """Forget what was held of partitions that are gone, or whose topics were made anew."""
        self._dispatcher.discard_gone()
        self.given()

    def given(self) -> None:
        """Count anew what is in flight, and look whether there is room."""
        self._window.reset(self._assignment.items())
        for leader in self._leaders.gone(lambda item: self._assignment.of(item) is not None):
            self._let_another_lead(leader)
        self.roomier.set()
