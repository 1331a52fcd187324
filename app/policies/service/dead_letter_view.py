"""A record of the dead-letter topic, made fit to be shown."""

from codecs import getincrementaldecoder
from itertools import islice

import msgspec

from app.policies.headers.dead_letters import read_note
from app.policies.headers.records import TargetMark, iso_time, origin_of
from app.policies.redaction import LONGEST_ESCAPE, NO_SECRETS, Secrets, veil
from app.policies.texts.plain_text import shorten
from app.values.dead_letter import DeadLetter
from app.values.errors import UNREADABLE
from app.values.record import Record

LONGEST_VALUE = 10_000
LONGEST_HEADER = 2000
"""Characters that a list shows of a value, and of an error or a header."""
LONGEST_WHOLE = 1_000_000
"""Characters that are shown at most of one that is looked at by itself."""
MOST_TARGETS = 50
MOST_HEADERS = 100
_LONGEST_CHARACTER = 4
"""Bytes of one character in UTF-8."""
_FEW = 64 * 1024
"""Bytes that are decoded at once."""
_NOTHING = msgspec.Raw()


class _Glance(msgspec.Struct):
    message_id: msgspec.Raw = _NOTHING
    title: msgspec.Raw = _NOTHING
    metadata: msgspec.Raw = _NOTHING


def show(
    record: Record,
    replayed: str | None = None,
    secrets: Secrets = NO_SECRETS,
    *,
    brief: bool = False,
    cause: str = "",
) -> DeadLetter:
    """Return a record of the dead-letter topic as its readers see it, secrets masked.

    Never raises: any bytes may stand in the topic. Takes seconds for a large record that is not
    brief.

    Args:
        replayed: When it was replayed, or None.
        brief: For a list: long parts are shortened, and the rest of them is not even looked at.
    """

    def hidden(text: str, longest: int) -> str:
        longest = longest if brief else LONGEST_WHOLE
        return shorten(veil(text, secrets, longest + 1), longest)

    def text(raw: bytes, longest: int) -> str:
        longest = longest if brief else LONGEST_WHOLE
        wanted = longest + LONGEST_ESCAPE * secrets.longest + 1
        return hidden(_decoded(raw[: _LONGEST_CHARACTER * wanted]), longest)

    def labels(marks: tuple[TargetMark, ...]) -> tuple[str, ...]:
        several = marks[:MOST_TARGETS] if brief else marks
        shown = tuple(hidden(f"{mark.channel} {mark.label}", LONGEST_HEADER) for mark in several)
        more = len(marks) - len(several)
        return (*shown, f"and {more} more") if more else shown

    def name(raw: msgspec.Raw) -> str | None:
        told = _string(raw)
        return None if told is None else hidden(told, LONGEST_HEADER)

    note = read_note(record.headers)
    glance = _read(record.value or b"{}")
    headers = islice(record.headers, MOST_HEADERS) if brief else record.headers
    return DeadLetter(
        id=f"{record.partition.partition}/{record.offset}",
        time=iso_time(record.timestamp),
        reason=note.reason.value,
        error=hidden(note.error, LONGEST_HEADER),
        origin=origin_of(record).coordinates,
        message_id=name(glance.message_id),
        title=name(glance.title) or name(_read(glance.metadata).title),
        targets_failed=labels(note.failed),
        targets_delivered=labels(note.delivered),
        attempts=note.attempts,
        first_failure=None if note.first_failure is None else iso_time(note.first_failure),
        replays=note.replays,
        replayed=replayed,
        key=None if record.key is None else text(record.key, LONGEST_HEADER),
        value=None if record.value is None else text(record.value, LONGEST_VALUE),
        headers={key: text(value or b"", LONGEST_HEADER) for key, value in headers},
        group=hidden(note.group, LONGEST_HEADER),
        cause=cause,
    )


def words_of(record: Record) -> str:
    """Return the words by which a dead letter is found, as they are shown, a line each."""
    note = read_note(record.headers)
    glance = _read(record.value or b"{}")
    words = (
        _string(glance.message_id),
        _string(glance.title) or _string(_read(glance.metadata).title),
        note.error,
        origin_of(record).coordinates,
        *(f"{mark.channel} {mark.label}" for mark in (*note.failed, *note.delivered)),
    )
    return veil("\n".join(word[:LONGEST_HEADER] for word in words if word))


def _decoded(raw: bytes) -> str:
    """Decode piece by piece: bytes that are no text take long, and nobody else may run."""
    decoder = getincrementaldecoder("utf-8")("backslashreplace")
    pieces = [decoder.decode(raw[at : at + _FEW]) for at in range(0, len(raw), _FEW)]
    return "".join([*pieces, decoder.decode(b"", final=True)])


def _read(value: bytes | msgspec.Raw) -> _Glance:
    """Read the names of a notification, as far as there are any."""
    try:
        return msgspec.json.decode(value or b"{}", type=_Glance)
    except UNREADABLE:
        return _Glance()


def _string(raw: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(raw, type=str)
    except UNREADABLE:
        return None
