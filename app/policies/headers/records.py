"""Writes and reads the headers that all its own records share (docs/contract.md#record-headers).

They are believed in the group's own topics only. On a record of a consumed topic headers of these
names are the producer's business: nothing reads them, and they are left behind when the record
moves on, so that each name stands for one thing there.

Reading never fails: a missing or corrupt header becomes a default, because anybody may have written
to these topics and they must stay readable.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from app.policies.texts.plain_text import clip
from app.values.delivery import Target
from app.values.errors import UNREADABLE
from app.values.record import Headers, Record

ORIGIN_TOPIC = "notifier.origin.topic"
ORIGIN_PARTITION = "notifier.origin.partition"
ORIGIN_OFFSET = "notifier.origin.offset"
ORIGIN_TIMESTAMP = "notifier.origin.timestamp"
FAILED = "notifier.targets.failed"
DELIVERED = "notifier.targets.delivered"
ATTEMPTS = "notifier.attempts"
FIRST_FAILURE = "notifier.first_failure"
GROUP = "notifier.group"
REPLAYS = "notifier.replays"
# Of dead letters alone:
REASON = "notifier.reason"
ERROR = "notifier.error"
VALUE_SIZE = "notifier.value.size"
VALUE_SHA256 = "notifier.value.sha256"
# Of records in retry topics alone:
FORMAT = "notifier.format"
LEFT = "notifier.targets.left"
PAUSED = "notifier.paused"

OURS = frozenset(
    {
        ORIGIN_TOPIC,
        ORIGIN_PARTITION,
        ORIGIN_OFFSET,
        ORIGIN_TIMESTAMP,
        FAILED,
        DELIVERED,
        ATTEMPTS,
        FIRST_FAILURE,
        GROUP,
        REPLAYS,
        REASON,
        ERROR,
        VALUE_SIZE,
        VALUE_SHA256,
        FORMAT,
        LEFT,
        PAUSED,
    }
)

LONGEST_LABEL = 200  # characters
FINGERPRINT_LENGTH = 16  # hexadecimal digits
MOST_DIGITS = 19  # of a 64-bit number, as Kafka's offsets are


class Origin(msgspec.Struct, frozen=True):
    """A record's place when it was first consumed, however often it was moved since."""

    topic: str
    partition: int
    offset: int
    timestamp: float  # the record's own time there, in seconds since the epoch

    @property
    def coordinates(self) -> str:
        """``topic/partition/offset``."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class TargetMark(msgspec.Struct, frozen=True):
    """A target as headers name it, without the address."""

    channel: str
    label: str  # the redacted address
    id: str  # the target's ``fingerprint``, by which it is found again


def mark_of(target: Target) -> TargetMark:
    """Return a target as headers name it."""
    return TargetMark(
        channel=shortened(target.channel, LONGEST_LABEL),
        label=shortened(target.label, LONGEST_LABEL),
        id=fingerprint(target.channel, target.address, target.part),
    )


def fingerprint(channel: str, address: str, part: int = 0) -> str:
    """Return a target's stable id, from which its address cannot be told."""
    name = f"{channel}\0{address}" + (f"\0{part}" if part else "")
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_LENGTH]


def here(record: Record) -> Origin:
    """Return a record's place: the origin of one from a consumed topic."""
    return Origin(*record.partition, record.offset, record.timestamp)


def origin_of(record: Record) -> Origin:
    """Return the first place of a record of the group's own topics.

    Its headers say so; one that was written there by hand began there.
    """
    if not record.headers:
        return here(record)
    headers = dict(record.headers)
    topic = text_of(headers.get(ORIGIN_TOPIC))
    partition = number_of(headers.get(ORIGIN_PARTITION), -1)
    offset = number_of(headers.get(ORIGIN_OFFSET), -1)
    if not topic or partition < 0 or offset < 0:
        return here(record)
    timestamp = time_of(headers.get(ORIGIN_TIMESTAMP))
    return Origin(topic, partition, offset, record.timestamp if timestamp is None else timestamp)


def origin_headers(origin: Origin) -> dict[str, bytes]:
    """Return the headers that name a record's first place."""
    return {
        ORIGIN_TOPIC: encoded(origin.topic),
        ORIGIN_PARTITION: b"%d" % origin.partition,
        ORIGIN_OFFSET: b"%d" % origin.offset,
        ORIGIN_TIMESTAMP: iso_time(origin.timestamp).encode(),
    }


def with_ours(record: Record, ours: Mapping[str, bytes]) -> Headers:
    """Return a record's own headers followed by the service's, which stand once each."""
    own = record.headers and tuple(header for header in record.headers if header[0] not in OURS)
    return (*own, *ours.items())


def written_marks(marks: Iterable[TargetMark]) -> bytes:
    """Write marks as JSON."""
    return msgspec.json.encode(list(marks))


def read_marks(raw: bytes | None) -> tuple[TargetMark, ...]:
    """Read marks; nothing if there are none or they are corrupt."""
    try:
        return msgspec.json.decode(raw or b"[]", type=tuple[TargetMark, ...])
    except UNREADABLE:
        return ()


def iso_time(seconds: float) -> str:
    """Return a time as ISO 8601 UTC with milliseconds; one beyond the calendar is its last day."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a producer may stamp records with any number
        moment = datetime.max.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def encoded(text: str) -> bytes:
    """Encode a text, lone surrogates (from a producer's JSON) included."""
    return text.encode("utf-8", "backslashreplace")


def shortened(text: str, longest: int) -> str:
    """Return a text of at most ``longest`` characters."""
    text = text[: longest + 1]
    return clip(text if text.isascii() else encoded(text).decode(), longest)


def text_of(raw: bytes | None) -> str:
    """Read a text."""
    return (raw or b"").decode("utf-8", "replace")


def number_of(raw: bytes | None, default: int) -> int:
    """Read a number that is not negative."""
    return int(raw) if raw and raw.isdigit() and len(raw) <= MOST_DIGITS else default


def time_of(raw: bytes | None) -> float | None:
    """Read a time, in seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text_of(raw))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
