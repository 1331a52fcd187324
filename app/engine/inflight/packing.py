"""Notifications that wait for long are packed: then each takes less than half of the memory.

What stands in a line resembles what stands before it. So hardly more is kept of a notification than
how it differs from another one, and the texts that were read of its record, which take most of its
memory, are not kept beside it. It is the same, bit by bit, when it is unpacked.
"""

import zlib
from typing import Final, cast

import msgspec

from app.engine.inflight import transitions
from app.engine.inflight.item import SIZE_BYTES, Item, Job
from app.policies.books.history import LONGEST_ID, is_id
from app.values.delivery import Delivery
from app.values.notification import Notification

LARGEST: Final = 16_384
"""Bytes of a record; to pack a larger one takes too long a step."""
_WINDOW: Final = -12  # 4 KiB, and no header: to prepare for more takes longer than to pack
_MEMORY: Final = 4
_LEVEL: Final = 4
_POOR: Final = 3
"""Part of its size to which a notification is packed at least; else it does not resemble others."""
_UNREAD: Final = Notification("", ())


class _Place(Delivery, frozen=True, gc=False, kw_only=True):
    """A delivery without what it says: the same for all that go to the same place.

    Attributes:
        pattern: What those are compared with.
    """

    pattern: bytes


class _Contents(msgspec.Struct, array_like=True, frozen=True, gc=False):
    value: bytes
    notification: Notification
    source: str | None  # if it is not the id


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Contents)


class Packer:
    """Packs what waits in one line."""

    def __init__(self) -> None:
        self._pattern = b""
        self._place: _Place | None = None

    def pack(self, job: Job) -> None:
        """Pack a job that waits, if it can be: most can."""
        item, delivery = job.item, job.delivery
        value, notification = item.record.value, delivery.notification
        if value is None or len(value) > LARGEST or not _is_simple(job):
            return
        source = None if delivery.source == notification.message_id else delivery.source
        try:
            raw = _ENCODER.encode(_Contents(value, notification, source))
        except ValueError:  # half a surrogate pair in a text
            return
        place = self._place_of(delivery)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=place.pattern)
        packed = packer.compress(raw) + packer.flush()
        if len(packed) * _POOR > len(raw):
            self._pattern = raw
        transitions.pack(job, len(value).to_bytes(SIZE_BYTES, "big") + packed, place)

    def _place_of(self, delivery: Delivery) -> _Place:
        targets, heading, place = delivery.targets, delivery.heading, self._place
        if (
            place is None
            or place.targets != targets
            or place.heading != heading
            or place.pattern is not self._pattern
        ):
            where = delivery.destination
            place = self._place = _Place(
                _UNREAD, where, targets, "", b"", heading, pattern=self._pattern
            )
        return place


def unpack(job: Job) -> None:
    """Make a job again what it was before it was packed, if it was."""
    item, place = job.item, job.delivery
    if item.packed is None:
        return
    contents = _contents(item)
    notification = contents.notification
    source = contents.source or notification.message_id or ""
    delivery = Delivery(
        notification, place.destination, place.targets, source, item.digest, place.heading
    )
    transitions.unpack(job, contents.value, delivery)


def told(item: Item) -> Notification | None:
    """Return what an item says, packed or not; None if it cannot be understood."""
    return item.notification if item.packed is None else _contents(item).notification


def is_named(item: Item, asked: str) -> bool:
    """Say whether an item has this ``message_id``, packed or not."""
    # To decode all that wait would take long.
    start = asked[: LONGEST_ID - 1].encode("utf-8", "replace")
    if item.packed is not None and start not in _raw(item):
        return False
    notification = told(item)
    return notification is not None and is_id(notification.message_id, asked)


def _contents(item: Item) -> _Contents:
    return _DECODER.decode(_raw(item))


def _raw(item: Item) -> bytes:
    place = cast(_Place, item.jobs[0].delivery)
    packed = (item.packed or b"")[SIZE_BYTES:]
    return zlib.decompressobj(_WINDOW, zdict=place.pattern).decompress(packed)


def _is_simple(job: Job) -> bool:
    """Say whether only its texts are missed: nothing is done yet, and no time is kept for it."""
    item, delivery = job.item, job.delivery
    notification = item.notification
    if notification is None or delivery.notification is not notification or delivery.plain:
        return False
    if notification.expires_at is not None or notification.once:
        return False
    return len(item.jobs) == 1 and item.span is None and not item.started
