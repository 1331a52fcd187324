"""Admission: decides what to do with a record that came in."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from app.engine.clock import EngineClock
from app.engine.inflight.item import Item
from app.engine.inflight.parked import Parked
from app.engine.inflight.partition import Assigned
from app.engine.observer import Observer
from app.engine.reading import HEAVY, Reader
from app.policies.headers.deferral import KNOWN_FORMAT, Deferral, read_deferral, read_format
from app.policies.redaction import scrub
from app.policies.routing import Routed
from app.values.errors import InvalidRecordError, TemplateError, UnroutableError
from app.values.notification import Notification
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition

LONGEST_READING = 0.5
"""Seconds after which no further heavy record is read before those that were are admitted."""


class Refused(msgspec.Struct, frozen=True):
    """The record as a whole cannot be used."""

    reason: Reason
    error: str


class NotOurs(msgspec.Struct, frozen=True):
    """It was deferred by a service that shares the group; only that one can route it."""


class Newer(msgspec.Struct, frozen=True):
    """Only a newer version of this service can read it."""


Judgement = Refused | NotOurs | Newer | Notification
"""A notification if it is understood: it says what is to be sent."""


class Admission:
    """Decides what a record is; changes nothing.

    Args:
        reader: Parses and routes records.
        clock: Tells the time.
        observer: Counts faults.
        ours: Topics whose notifications are this worker's to route.
    """

    def __init__(
        self, reader: Reader, clock: EngineClock, observer: Observer, ours: frozenset[str]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._observer = observer
        self._ours = ours
        self._digests: dict[str, tuple[bytes | None, bytes]] = {}

    def item(
        self, record: Record, assigned: Assigned, now: float, digest: bytes | None = None
    ) -> Item:
        """Return the item of a record that came in.

        Args:
            record: As it was read.
            assigned: Its partition.
            now: Monotonic seconds.
            digest: Of its value, if that is known.
        """
        before = None if assigned.delay is None else read_deferral(record.headers)
        if before is not None and before.paused:
            before = before.after_pause(self._clock.broker_now() - record.timestamp)
        return self._item(record, assigned, before, now, digest)

    def returning(self, parked: Parked, record: Record, assigned: Assigned) -> Item:
        """Return the item of a record that was parked, and has been read again."""
        now, before = self._clock.monotonic(), parked.before
        if before is None and assigned.delay is not None:
            before = read_deferral(record.headers)
        if before is not None:
            before = before.after_pause(now - parked.since)
        return self._item(record.stamped(parked.origin.timestamp), assigned, before, now)

    def missing(self, parked: Parked, assigned: Assigned) -> Item:
        """Return what stands for a record that was parked, and is gone from the log."""
        stub, now = parked.stub(assigned.partition), self._clock.monotonic()
        item = _made(stub, assigned, parked.digest, now, parked.before)
        item.missing = parked.size
        return item

    async def read_ahead(
        self, records: Sequence[Record], held: Mapping[TopicPartition, Assigned]
    ) -> Sequence[Record]:
        """Read heavy records beside the event loop, before they are judged.

        Args:
            records: What was polled.
            held: Their partitions.

        Returns:
            Those that may be admitted now: to read the others would keep these for too long.
        """
        self._reader.forget()
        self._digests.clear()
        until = self._clock.monotonic() + LONGEST_READING
        for place, record in enumerate(records):
            if len(record.value or b"") > HEAVY:
                if self._clock.monotonic() > until:
                    return records[:place]
                digest = await asyncio.to_thread(digest_of, record)
                now = self._clock.monotonic()
                item = self.item(record, held[record.partition], now, digest)
                await self._reader.read_ahead(item)
                self._digests[record.coordinates] = record.value, digest
        return records

    async def read_again(self, parked: Parked, record: Record, assigned: Assigned) -> None:
        """Read a parked record beside the event loop if it is heavy, before it is judged."""
        if len(record.value or b"") > HEAVY:
            await self._reader.read_ahead(self.returning(parked, record, assigned))

    def judge(self, item: Item) -> Judgement:
        """Say what a record is."""
        record = item.record
        if item.deferred_before and read_format(record.headers) > KNOWN_FORMAT:
            return Newer()
        if item.deferred_before and item.origin.topic not in self._ours:
            return NotOurs()
        if record.unreadable is not None:
            return Refused(Reason.INVALID, f"the record cannot be read: {record.unreadable}")
        return self._understand(item)

    def _understand(self, item: Item) -> Refused | Notification:
        try:
            return self._reader.parse(item)
        except UnroutableError as error:
            return Refused(Reason.UNROUTABLE, scrub(str(error)))
        except (InvalidRecordError, TemplateError) as error:
            return Refused(Reason.INVALID, scrub(str(error)))
        except Exception as error:  # noqa: BLE001 - one record must not end everybody's session
            where = f"reading {item.name}"
            return Refused(Reason.INVALID, self._observer.fault(where, error))

    def route(self, item: Item) -> Routed | Refused:
        """Say where an item that was understood goes, as far as it has not been there."""
        notification = item.notification
        if notification is None:
            raise ValueError("only a parsed item can be delivered")
        try:
            return self._reader.route(item, notification)
        except Exception as error:  # noqa: BLE001 - as in judge
            where = f"routing {item.name}"
            return Refused(Reason.INVALID, self._observer.fault(where, error))

    def _item(
        self,
        record: Record,
        assigned: Assigned,
        before: Deferral | None,
        now: float,
        digest: bytes | None = None,
    ) -> Item:
        if record.timestamp <= 0:
            record = record.stamped(self._clock.broker_now())
        if digest is None and self._digests:
            digest = self._known_digest(record)
        digest = digest or digest_of(record)
        return _made(record, assigned, digest, now, before)

    def _known_digest(self, record: Record) -> bytes | None:
        """Return the digest of a record that was read ahead, once."""
        value, digest = self._digests.pop(record.coordinates, (None, None))
        # The same offset of a recreated topic is another record.
        return digest if value is record.value else None


def _made(
    record: Record, assigned: Assigned, digest: bytes, now: float, before: Deferral | None
) -> Item:
    item = Item(record, assigned.epoch, digest, now, before, assigned.delay is not None)
    if before is not None:
        item.first_failure = before.first_failure
    return item


def digest_of(record: Record) -> bytes:
    """Return the SHA-256 of a record's value."""
    return hashlib.sha256(record.value or b"").digest()
