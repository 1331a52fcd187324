"""The headers of a dead letter (docs/contract.md#record-headers), written and read back."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from app.policies.headers.records import (
    ATTEMPTS,
    DELIVERED,
    ERROR,
    FAILED,
    FIRST_FAILURE,
    GROUP,
    REASON,
    REPLAYS,
    VALUE_SHA256,
    VALUE_SIZE,
    Origin,
    TargetMark,
    encoded,
    iso_time,
    number_of,
    origin_headers,
    read_marks,
    shortened,
    text_of,
    time_of,
    with_ours,
    written_marks,
)
from app.values.outcome import Reason
from app.values.record import Headers, Record

LONGEST_ERROR = 1000  # characters
MOST_TARGETS = 500  # of each list; a record may name tens of thousands, a header must fit


class DeadLetterNote(msgspec.Struct, frozen=True):
    """Why a record is given up, for ``dead_letter_headers``."""

    reason: Reason
    error: str  # for the operator, without secrets
    origin: Origin  # the record's first place
    failed: tuple[TargetMark, ...] = ()  # targets that will never be reached
    delivered: tuple[TargetMark, ...] = ()  # targets that accepted it
    attempts: int = 0  # most attempts that any target took
    first_failure: float | None = None  # seconds since the epoch, or None
    group: str = ""
    replays: int = 0  # how often it was replayed before


class WrittenNote(msgspec.Struct, frozen=True):
    """A dead letter's headers, read."""

    reason: Reason = Reason.INVALID
    error: str = ""
    failed: tuple[TargetMark, ...] = ()
    delivered: tuple[TargetMark, ...] = ()
    attempts: int = 0
    first_failure: float | None = None  # seconds since the epoch, or None
    group: str = ""
    replays: int = 0  # how often it was replayed before


def dead_letter_headers(record: Record, note: DeadLetterNote) -> Headers:
    """Return a dead letter's headers: the record's own, then the service's."""
    ours = {
        **origin_headers(note.origin),
        REASON: note.reason.value.encode(),
        ERROR: encoded(shortened(note.error, LONGEST_ERROR)),
        FAILED: _bounded(note.failed),
        DELIVERED: _bounded(note.delivered),
        ATTEMPTS: b"%d" % note.attempts,
        GROUP: encoded(note.group),
        REPLAYS: b"%d" % note.replays,
    }
    if note.first_failure is not None:
        ours[FIRST_FAILURE] = iso_time(note.first_failure).encode()
    return with_ours(record, ours)


def without_value(headers: Headers, size: int, digest: bytes) -> Headers:
    """Return the headers of a dead letter that is written without its value.

    Args:
        headers: Its headers if it had one.
        size: Bytes of the value.
        digest: Its SHA-256.
    """
    return (
        *headers,
        (VALUE_SIZE, str(size).encode()),
        (VALUE_SHA256, digest.hex().encode()),
    )


def bare(record: Record, note: DeadLetterNote, size: int, digest: bytes) -> Headers:
    """Return the least that a dead letter can say: for a record whose own headers are too large.

    Its value, its key, its headers and the names of its targets are left out.

    Args:
        size: As for ``without_value``.
        digest: As for ``without_value``.
    """
    nameless = replace(note, failed=(), delivered=())
    headers = dead_letter_headers(replace(record, headers=()), nameless)
    return without_value(headers, size, digest)


def read_note(headers: Headers) -> WrittenNote:
    """Read a dead letter's headers, with defaults for missing ones."""
    found = dict(headers)
    return WrittenNote(
        reason=read_reason(found),
        error=text_of(found.get(ERROR)),
        failed=read_marks(found.get(FAILED)),
        delivered=read_marks(found.get(DELIVERED)),
        attempts=number_of(found.get(ATTEMPTS), 0),
        first_failure=time_of(found.get(FIRST_FAILURE)),
        group=text_of(found.get(GROUP)),
        replays=number_of(found.get(REPLAYS), 0),
    )


def read_reason(headers: Mapping[str, bytes | None]) -> Reason:
    """Return the reason alone; a record that states none is an invalid dead letter."""
    try:
        return Reason(text_of(headers.get(REASON)))
    except ValueError:
        return Reason.INVALID


def _bounded(marks: Sequence[TargetMark]) -> bytes:
    """Write the first marks; the last one says how many are left out."""
    if len(marks) <= MOST_TARGETS:
        return written_marks(marks)
    more = TargetMark("", f"and {len(marks) - MOST_TARGETS} more", "")
    return written_marks([*marks[:MOST_TARGETS], more])
