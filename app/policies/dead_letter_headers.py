"""The headers of a dead letter (contract section 10), written and read back.

Reading never fails: whatever is missing or corrupt becomes a default, because the dead-letter topic
must stay readable whoever wrote to it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from app.values.delivery import Target
from app.values.outcome import Reason
from app.values.record import Headers, Record, TopicPartition

PREFIX = "notifier."
ORIGIN_TOPIC = "notifier.origin.topic"
ORIGIN_PARTITION = "notifier.origin.partition"
ORIGIN_OFFSET = "notifier.origin.offset"
ORIGIN_TIMESTAMP = "notifier.origin.timestamp"
REASON = "notifier.reason"
ERROR = "notifier.error"
FAILED = "notifier.targets.failed"
DELIVERED = "notifier.targets.delivered"
ATTEMPTS = "notifier.attempts"
FIRST_FAILURE = "notifier.first_failure"
GROUP = "notifier.group"
REPLAYS = "notifier.replays"
VALUE_SIZE = "notifier.value.size"
VALUE_SHA256 = "notifier.value.sha256"

_CARRIED = (ORIGIN_TOPIC, ORIGIN_PARTITION, ORIGIN_OFFSET, ORIGIN_TIMESTAMP, REPLAYS)

LONGEST_ERROR = 1000  # characters
LONGEST_LABEL = 200  # characters
MOST_TARGETS = 500  # of each list; a record may name tens of thousands, a header must fit
FINGERPRINT_LENGTH = 16  # hexadecimal digits
MOST_DIGITS = 19  # of a 64-bit number, as Kafka's offsets are


class Origin(msgspec.Struct, frozen=True):
    """Where a record stood when it was first consumed, however often it was replayed since.

    Attributes:
        timestamp: The record's own time there, in seconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    timestamp: float

    @property
    def coordinates(self) -> str:
        """``topic/partition/offset``."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class DeadLetterNote(msgspec.Struct, frozen=True):
    """Why a record is given up, for ``dead_letter_headers``.

    Attributes:
        error: For the operator, without secrets.
        failed: Targets that will never be reached.
        delivered: Targets that accepted it.
        attempts: Most attempts that any target took.
        first_failure: Seconds since the epoch, or None.
        group: The consumer group that gives up.
    """

    reason: Reason
    error: str
    failed: tuple[Target, ...] = ()
    delivered: tuple[Target, ...] = ()
    attempts: int = 0
    first_failure: float | None = None
    group: str = ""


class TargetMark(msgspec.Struct, frozen=True):
    """A target as its dead letter names it, without the address.

    Attributes:
        label: The redacted address.
        id: The target's ``fingerprint``, by which a replay finds it again.
    """

    channel: str
    label: str
    id: str


class WrittenNote(msgspec.Struct, frozen=True):
    """What a dead letter's headers say.

    Attributes:
        first_failure: Seconds since the epoch, or None.
        replays: How often it was replayed before.
    """

    reason: Reason = Reason.INVALID
    error: str = ""
    failed: tuple[TargetMark, ...] = ()
    delivered: tuple[TargetMark, ...] = ()
    attempts: int = 0
    first_failure: float | None = None
    group: str = ""
    replays: int = 0


def dead_letter_headers(record: Record, note: DeadLetterNote) -> Headers:
    """Return a dead letter's headers: the record's own, then those of contract section 10.

    Of older ``notifier.*`` headers the origin and the count of replays are carried over, the others
    are replaced.
    """
    origin = origin_of(record)
    written = {
        ORIGIN_TOPIC: origin.topic,
        ORIGIN_PARTITION: str(origin.partition),
        ORIGIN_OFFSET: str(origin.offset),
        ORIGIN_TIMESTAMP: iso_time(origin.timestamp),
        REASON: note.reason.value,
        ERROR: _shortened(note.error, LONGEST_ERROR),
        FAILED: _marks(note.failed),
        DELIVERED: _marks(note.delivered),
        ATTEMPTS: str(note.attempts),
        GROUP: note.group,
        REPLAYS: str(_number(dict(record.headers).get(REPLAYS), 0)),
    }
    if note.first_failure is not None:
        written[FIRST_FAILURE] = iso_time(note.first_failure)
    own = tuple(header for header in record.headers if not header[0].startswith(PREFIX))
    return own + tuple((name, _encoded(text)) for name, text in written.items())


def without_value(headers: Headers, value: bytes) -> Headers:
    """Return the headers of a dead letter that is too large to be written with its value."""
    return (
        *headers,
        (VALUE_SIZE, str(len(value)).encode()),
        (VALUE_SHA256, sha256(value).hexdigest().encode()),
    )


def bare(record: Record, note: DeadLetterNote) -> Headers:
    """Return the least that a dead letter can say: for a record whose own headers are too large.

    Its value, its key, its headers and the names of its targets are left out.
    """
    nameless = replace(note, failed=(), delivered=())
    own = tuple(header for header in record.headers if header[0] in _CARRIED)
    headers = dead_letter_headers(replace(record, headers=own), nameless)
    return without_value(headers, record.value or b"")


def origin_of(record: Record) -> Origin:
    """Return where a record first stood: from its headers, else where it stands now."""
    headers = dict(record.headers)
    topic = _text(headers.get(ORIGIN_TOPIC))
    partition = _number(headers.get(ORIGIN_PARTITION), -1)
    offset = _number(headers.get(ORIGIN_OFFSET), -1)
    if not topic or partition < 0 or offset < 0:
        place: TopicPartition = record.partition
        return Origin(place.topic, place.partition, record.offset, record.timestamp)
    timestamp = _time(headers.get(ORIGIN_TIMESTAMP))
    return Origin(topic, partition, offset, record.timestamp if timestamp is None else timestamp)


def read_note(headers: Headers) -> WrittenNote:
    """Return what a dead letter's headers say, with defaults for what they do not."""
    found = dict(headers)
    return WrittenNote(
        reason=read_reason(found),
        error=_text(found.get(ERROR)),
        failed=_read_marks(found.get(FAILED)),
        delivered=_read_marks(found.get(DELIVERED)),
        attempts=_number(found.get(ATTEMPTS), 0),
        first_failure=_time(found.get(FIRST_FAILURE)),
        group=_text(found.get(GROUP)),
        replays=_number(found.get(REPLAYS), 0),
    )


def read_reason(headers: Mapping[str, bytes]) -> Reason:
    """Return the reason alone; a record that states none is an invalid dead letter."""
    try:
        return Reason(_text(headers.get(REASON)))
    except ValueError:
        return Reason.INVALID


def fingerprint(channel: str, address: str) -> str:
    """Return a target's stable id, from which its address cannot be told."""
    name = f"{channel}\0{address}".encode("utf-8", "surrogatepass")
    return sha256(name).hexdigest()[:FINGERPRINT_LENGTH]


def iso_time(seconds: float) -> str:
    """Return a time as ISO 8601 UTC with milliseconds; one beyond the calendar is its last day."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a producer may stamp records with any number
        moment = datetime.max.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def _marks(targets: Sequence[Target]) -> str:
    marks = [
        TargetMark(
            channel=_shortened(target.channel, LONGEST_LABEL),
            label=_shortened(target.label, LONGEST_LABEL),
            id=fingerprint(target.channel, target.address),
        )
        for target in targets[:MOST_TARGETS]
    ]
    if len(targets) > MOST_TARGETS:
        marks.append(TargetMark("", f"and {len(targets) - MOST_TARGETS} more", ""))
    return msgspec.json.encode(marks).decode()


def _read_marks(raw: bytes | None) -> tuple[TargetMark, ...]:
    try:
        return msgspec.json.decode(raw or b"[]", type=tuple[TargetMark, ...])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # lone surrogates, from a producer's JSON


def _shortened(text: str, longest: int) -> str:
    text = _encoded(text).decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def _number(raw: bytes | None, default: int) -> int:
    return int(raw) if raw and raw.isdigit() and len(raw) <= MOST_DIGITS else default


def _time(raw: bytes | None) -> float | None:
    try:
        moment = datetime.fromisoformat(_text(raw))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
