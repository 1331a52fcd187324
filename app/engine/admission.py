"""Admission: a record becomes an item in the books, and deliveries in the lanes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from app.engine.clock import EngineClock
from app.engine.inflight import transitions
from app.engine.inflight.item import Item
from app.engine.inflight.parked import GONE, Parked, Why, park, too_old_at, unclaimed
from app.engine.inflight.partition import Assigned, Assignment, Done
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.reading import HEAVY, Reader
from app.engine.settlement import Settler
from app.policies.books.repeats import Repeats
from app.policies.books.statistics import Verdict
from app.policies.headers.deferral import KNOWN_FORMAT, Deferral, read_deferral, read_format
from app.policies.redaction import scrub
from app.values.errors import InvalidRecordError, TemplateError, UnroutableError
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition

RELIEVE_SECONDS = 0.2
"""Between two looks at which lanes are slow, if none was."""
LONGEST_READING = 0.5
"""Seconds after which no further heavy record is read before those that were are admitted."""


class Admission:
    """Takes records in, as far as there is room, and follows them until they are settled.

    Args:
        assignment: The partitions this worker has.
        dispatcher: Takes deliveries.
        settler: Closes the books of what needs no delivery.
        reader: Says what records say, and where that goes.
        repeats: What was delivered in full a short while ago.
        clock: Tells the time.
        observer: Sees what cannot be used.
        ours: Topics whose notifications are this worker's to route.
        max_in_flight: Items received and unsettled at most.
        max_age: Seconds for which a notification is tried; 0 where nothing is put aside.
        on_change: Called when there may be more room than before.

    Attributes:
        window: What is in flight.
    """

    def __init__(
        self,
        assignment: Assignment,
        dispatcher: Dispatcher,
        settler: Settler,
        reader: Reader,
        repeats: Repeats,
        clock: EngineClock,
        observer: Observer,
        *,
        ours: frozenset[str],
        max_in_flight: int,
        max_age: float,
        on_change: Callable[[], None],
    ) -> None:
        self._assignment = assignment
        self._dispatcher = dispatcher
        self._settler = settler
        self._reader = reader
        self._repeats = repeats
        self._clock = clock
        self._observer = observer
        self._ours = ours
        self.window = Window(max_in_flight)
        self._max_age = max_age
        self._on_change = on_change
        self._relieve_at = 0.0
        self._leaders: dict[bytes, Item] = {}

    def room(self) -> int:
        """Return how many more records may be taken."""
        return self.window.room

    def relieve(self) -> None:
        """Let slow lanes make room, once the window is nearly full.

        If none is slow they are not looked at again for a while: there may be thousands.
        """
        excess = self.window.excess(self._settler.leaving)
        if excess <= 0:
            return
        now = self._clock.monotonic()
        if now >= self._relieve_at and not self._dispatcher.relieve(excess):
            self._relieve_at = now + RELIEVE_SECONDS

    async def read_ahead(
        self, records: Sequence[Record], held: Mapping[TopicPartition, Assigned]
    ) -> Sequence[Record]:
        """Read heavy records beside the event loop, before they are admitted.

        Args:
            records: What was polled.
            held: Their partitions.

        Returns:
            Those that may be admitted now: to read the others would keep these for too long.
        """
        self._reader.forget()
        until = self._clock.monotonic() + LONGEST_READING
        for place, record in enumerate(records):
            if len(record.value or b"") > HEAVY:
                if self._clock.monotonic() > until:
                    return records[:place]
                assigned = held[record.partition]
                item = self._item(record, assigned, _before(record, assigned))
                await self._reader.read_ahead(item)
        return records

    def admit(self, record: Record, assigned: Assigned) -> None:
        """Take a record into the books, and send it on its way."""
        if self._goes_on(record, assigned):
            return
        item = self._enter(record, assigned)
        if assigned.delay is not None:
            if read_format(record.headers) > KNOWN_FORMAT:
                self._settler.pass_on(item)
                return
            if item.origin.topic not in self._ours:
                self._park(item, assigned)
                return
        self._begin(item)

    def take_back(self, parked: Parked, record: Record | None, assigned: Assigned) -> None:
        """Take a record in again that was parked; its time has come.

        Args:
            parked: What was kept of it.
            record: As it was read again; None where the log does not hold it any more.
            assigned: Its partition.
        """
        if record is None or _digest(record) != parked.digest:
            self._miss(parked, assigned)
            return
        item = self._returning(parked, record, assigned)
        assigned.take_back(item)
        self.window.enter(item)
        if parked.why is Why.FOREIGN:
            self._refuse(item, Reason.EXHAUSTED, unclaimed(item.origin.topic))
        elif assigned.delay is not None and read_format(record.headers) > KNOWN_FORMAT:
            self._settler.pass_on(item)
        else:
            transitions.is_too_large(item)
            self._begin(item)

    async def read_again(self, parked: Parked, record: Record, assigned: Assigned) -> None:
        """Read a parked record beside the event loop if it is heavy, before it is taken back."""
        if len(record.value or b"") > HEAVY:
            await self._reader.read_ahead(self._returning(parked, record, assigned))

    def _returning(self, parked: Parked, record: Record, assigned: Assigned) -> Item:
        before = parked.before or _before(record, assigned)
        return self._item(record.stamped(parked.origin.timestamp), assigned, before)

    def _begin(self, item: Item) -> None:
        """Send an item on its way that is in the books."""
        refusal = self._understand(item)
        if refusal is not None:
            self._refuse(item, *refusal)
        elif not self._is_repeat(item):
            self._deliver(item)

    def _goes_on(self, record: Record, assigned: Assigned) -> bool:
        """Go on with what was begun before the partition was away; say whether it was."""
        leftover = assigned.leftovers.pop(record.offset, None)
        # The same offset of a topic that was made anew is another record.
        match leftover:
            case Item() if leftover.record == record.stamped(leftover.record.timestamp):
                self._join(leftover, assigned)
                return True
            case Parked() if leftover.digest == _digest(record):
                assigned.park(leftover)
                return True
            case Done() if leftover.digest == _digest(record):
                assigned.pass_over(record.offset, leftover)
                self._observer.skipped()
                return True
            case _:
                return False

    def _miss(self, parked: Parked, assigned: Assigned) -> None:
        """Make a dead letter of what is gone from the log before it could be delivered."""
        stub = parked.stub(assigned.partition)
        now = self._clock.monotonic()
        is_deferred = assigned.delay is not None
        item = Item(stub, assigned.epoch, parked.digest, now, parked.before, is_deferred)
        item.missing = parked.size
        assigned.take_back(item)
        self._refuse(item, Reason.EXHAUSTED, GONE)

    def _park(self, item: Item, assigned: Assigned) -> None:
        """Leave a record to a member that knows its topic, until it is too old."""
        left = too_old_at(item, self._max_age) - self._clock.broker_now()
        assigned.park(park(item, Why.FOREIGN, self._clock.monotonic() + left))
        transitions.park(item)
        self.window.leave(item)

    def drop(self) -> None:
        """Forget what was held of a partition whose topic was made anew."""
        self._dispatcher.discard_gone()
        self.reset()

    def reset(self) -> None:
        """Forget what was in flight of partitions that are gone; its items were dropped."""
        self.window.reset(self._assignment.items())
        gone = [leader for leader in self._leaders.values() if not self._is_held(leader)]
        for leader in gone:
            del self._leaders[leader.digest]
            self._let_another_lead(leader)
        self._on_change()

    def settled(self, item: Item, verdict: Verdict | None) -> None:
        """Make room, remember what was sent, and decide about repeats that waited for it.

        Args:
            item: Settled just now.
            verdict: None where it was put aside: then it is still going to be delivered.
        """
        self.window.leave(item)
        self._on_change()
        notification = item.notification
        if verdict is Verdict.SENT and notification and notification.message_id is not None:
            self._repeats.remember(item.digest, self._clock.monotonic())
        if self._leaders.get(item.digest) is not item:
            return
        del self._leaders[item.digest]
        if verdict is Verdict.SENT or verdict is None:
            for follower in item.followers:
                self._drop_repeat(follower)
        else:
            self._let_another_lead(item)

    def _let_another_lead(self, leader: Item) -> None:
        """Deliver one of the repeats that waited for an item which was not delivered."""
        waiting = [follower for follower in leader.followers if self._is_held(follower)]
        if waiting and not self._dispatcher.draining:  # else they come in again, elsewhere or here
            first, *others = waiting
            transitions.lead(first, others)
            self._leaders[first.digest] = first
            self._deliver(first)

    def _enter(self, record: Record, assigned: Assigned) -> Item:
        item = self._item(record, assigned, _before(record, assigned))
        assigned.enter(item)
        self.window.enter(item)
        return item

    def _item(self, record: Record, assigned: Assigned, before: Deferral | None) -> Item:
        record = record.stamped(self._clock.broker_now())
        is_deferred = assigned.delay is not None
        now = self._clock.monotonic()
        return Item(record, assigned.epoch, _digest(record), now, before, is_deferred)

    def _join(self, item: Item, assigned: Assigned) -> None:
        """Go on with an item whose partition was away: what was delivered stays delivered."""
        transitions.give(item, assigned.epoch)
        assigned.enter(item)
        self.window.enter(item)
        if _is_compared(item):
            self._leaders.setdefault(item.digest, item)
        self._dispatcher.resubmit(item)
        if item.finished:
            self._settler.finish(item)

    def _understand(self, item: Item) -> tuple[Reason, str] | None:
        """Parse the record; return why it cannot be used, or None."""
        record = item.record
        if record.unreadable is not None:
            return Reason.INVALID, f"the record cannot be read: {record.unreadable}"
        try:
            transitions.understand(item, self._reader.parse(item))
        except UnroutableError as error:
            return Reason.UNROUTABLE, scrub(str(error))
        except (InvalidRecordError, TemplateError) as error:
            return Reason.INVALID, scrub(str(error))
        except Exception as error:  # noqa: BLE001 - one record must not end everybody's session
            return Reason.INVALID, self._observer.fault(f"reading {record.coordinates}", error)
        return None

    def _is_repeat(self, item: Item) -> bool:
        """Settle or set aside a repeat."""
        if not _is_compared(item):
            return False
        if self._repeats.is_repeat(item.digest, self._clock.monotonic()):
            self._drop_repeat(item)
            return True
        leader = self._leaders.setdefault(item.digest, item)
        if leader is item:
            return False
        transitions.follow(item, leader)
        return True

    def _drop_repeat(self, item: Item) -> None:
        assigned = self._assignment.of(item)
        if assigned is None:
            return
        assigned.settle(item)
        transitions.settle(item)
        self.window.leave(item)
        self._observer.duplicate()
        self._on_change()

    def _is_held(self, item: Item) -> bool:
        return self._assignment.of(item) is not None

    def _deliver(self, item: Item) -> None:
        notification = item.notification
        if notification is None:
            raise ValueError("only a parsed item can be delivered")
        try:
            routed = self._reader.route(item, notification)
        except Exception as fault:  # noqa: BLE001 - as in _understand
            where = f"routing {item.record.coordinates}"
            self._refuse(item, Reason.INVALID, self._observer.fault(where, fault))
            return
        if not notification.requests:
            self._observer.suppressed(item, notification)
        if routed.unroutable:
            now = self._clock.broker_now()
            transitions.fail_each(item, routed.unroutable, Reason.UNROUTABLE, now)
            self._observer.unroutable(item, routed.unroutable)
        self._dispatcher.submit(item, routed.deliveries)
        if not routed.deliveries:
            self._settler.finish(item)

    def _refuse(self, item: Item, reason: Reason, error: str) -> None:
        """Make a dead letter of a record that cannot be used as a whole."""
        transitions.refuse(item, reason, error, self._clock.broker_now())
        self._observer.unusable(item, None, reason, error)
        self._settler.finish(item)


def _before(record: Record, assigned: Assigned) -> Deferral | None:
    """Return what a record of a retry topic says about itself."""
    return None if assigned.delay is None else read_deferral(record.headers)


def _digest(record: Record) -> bytes:
    return hashlib.sha256(record.value or b"").digest()


def _is_compared(item: Item) -> bool:
    """Say whether repeats of it are recognised: with ``message_id``, from a consumed topic."""
    told = item.notification
    return told is not None and told.message_id is not None and item.before is None
