"""A record of the dead-letter topic, made fit to be shown."""

import msgspec
from msgspec.structs import replace

from app.policies.headers.dead_letters import read_note
from app.policies.headers.records import TargetMark, iso_time, origin_of
from app.policies.redaction import NO_SECRETS, Secrets, veil
from app.policies.texts.plain_text import shorten
from app.values.dead_letter import DeadLetter
from app.values.record import Record

LONGEST_VALUE = 10_000
LONGEST_HEADER = 2000
"""Characters that a list shows of a value, and of an error or a header."""
MOST_TARGETS = 50


class _Glance(msgspec.Struct):
    message_id: object = None
    title: object = None
    metadata: object = None


def show(record: Record, replayed: str | None = None, secrets: Secrets = NO_SECRETS) -> DeadLetter:
    """Return a record of the dead-letter topic as its readers see it, secrets masked.

    Never raises: any bytes may stand in the topic. Takes up to a second for a large record.

    Args:
        record: Of the dead-letter topic.
        replayed: When it was replayed, or None.
        secrets: What must not be shown, beyond what is recognised by its form.
    """

    def name(value: object) -> str | None:
        return veil(value, secrets) if isinstance(value, str) else None

    def text(raw: bytes | None) -> str | None:
        return name(raw if raw is None else raw.decode("utf-8", "backslashreplace"))

    def labels(marks: tuple[TargetMark, ...]) -> tuple[str, ...]:
        return tuple(veil(f"{mark.channel} {mark.label}", secrets) for mark in marks)

    note = read_note(record.headers)
    glance = _glance(record.value)
    metadata = glance.metadata if isinstance(glance.metadata, dict) else {}
    return DeadLetter(
        id=f"{record.partition.partition}/{record.offset}",
        time=iso_time(record.timestamp),
        reason=note.reason.value,
        error=veil(note.error, secrets),
        origin=origin_of(record).coordinates,
        message_id=name(glance.message_id),
        title=name(glance.title) or name(metadata.get("title")),
        targets_failed=labels(note.failed),
        targets_delivered=labels(note.delivered),
        attempts=note.attempts,
        first_failure=None if note.first_failure is None else iso_time(note.first_failure),
        replays=note.replays,
        replayed=replayed,
        key=text(record.key),
        value=text(record.value),
        headers={key: text(value) or "" for key, value in record.headers},
    )


def brief(letter: DeadLetter) -> DeadLetter:
    """Return a dead letter for a list: a page of large ones would hold up the event loop."""
    return replace(
        letter,
        error=shorten(letter.error, LONGEST_HEADER),
        targets_failed=_some(letter.targets_failed),
        targets_delivered=_some(letter.targets_delivered),
        value=None if letter.value is None else shorten(letter.value, LONGEST_VALUE),
        headers={name: shorten(value, LONGEST_HEADER) for name, value in letter.headers.items()},
    )


def _some(labels: tuple[str, ...]) -> tuple[str, ...]:
    more = len(labels) - MOST_TARGETS
    return labels if more <= 0 else (*labels[:MOST_TARGETS], f"and {more} more")


def _glance(value: bytes | None) -> _Glance:
    """Read the names of a notification, as far as there are any."""
    try:
        return msgspec.json.decode(value or b"{}", type=_Glance)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Glance()
