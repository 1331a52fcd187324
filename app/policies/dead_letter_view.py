"""A record of the dead-letter topic, made fit to be shown."""

import re

import msgspec

from app.policies.dead_letter_headers import read_note
from app.policies.record_headers import TargetMark, iso_time, origin_of
from app.policies.redaction import MASK
from app.values.dead_letter import DeadLetter
from app.values.record import Record

SECRETS = re.compile(
    r"""
    (?P<key>"webhook_url"\s*:\s*")(?:[^"\\]+|\\.)*+       # a producer's own address
    |
    (?P<path>/api\\?/(?:v[0-9]+\\?/)?webhooks\\?/          # Discord's form, anywhere
    (?:[0-9]{1,20}\\?/)?)[^\s"'<>]+
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""What must not be seen of a record, whose links to elsewhere are left alone.

JSON may escape its slashes.
"""


class _Glance(msgspec.Struct):
    message_id: object = None
    title: object = None
    metadata: object = None


def show(record: Record, replayed: str | None = None) -> DeadLetter:
    """Return a record of the dead-letter topic as its readers see it, webhook addresses masked.

    Never raises: any bytes may stand in the topic.

    Args:
        record: Of the dead-letter topic.
        replayed: When it was replayed, or None.
    """
    note = read_note(record.headers)
    message_id, title = _names(record.value)
    return DeadLetter(
        id=f"{record.partition.partition}/{record.offset}",
        time=iso_time(record.timestamp),
        reason=note.reason.value,
        error=_masked(note.error),
        origin=origin_of(record).coordinates,
        message_id=message_id,
        title=title,
        targets_failed=_labels(note.failed),
        targets_delivered=_labels(note.delivered),
        attempts=note.attempts,
        first_failure=None if note.first_failure is None else iso_time(note.first_failure),
        replays=note.replays,
        replayed=replayed,
        key=_text(record.key),
        value=_text(record.value),
        headers={name: _text(value) or "" for name, value in record.headers},
    )


def _names(value: bytes | None) -> tuple[str | None, str | None]:
    """Return ``message_id`` and title of whatever can be read of a notification."""
    try:
        glance = msgspec.json.decode(value or b"{}", type=_Glance)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    metadata = glance.metadata if isinstance(glance.metadata, dict) else {}
    return _name(glance.message_id), _name(glance.title) or _name(metadata.get("title"))


def _name(value: object) -> str | None:
    return _masked(value) if isinstance(value, str) else None


def _labels(marks: tuple[TargetMark, ...]) -> tuple[str, ...]:
    return tuple(_masked(f"{mark.channel} {mark.label}") for mark in marks)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else _masked(raw.decode("utf-8", "backslashreplace"))


def _masked(text: str) -> str:
    return SECRETS.sub(lambda found: f"{found['key'] or found['path']}{MASK}", text)
