"""Answers of the control plane, beside the snapshot."""

import msgspec

from app.values.note import Note
from app.values.snapshot import Attempt


class AttemptPage(msgspec.Struct, frozen=True):
    """Newest first; ``next_cursor`` is None on the last page."""

    deliveries: tuple[Attempt, ...]
    next_cursor: int | None


class PublishWarning(msgspec.Struct, frozen=True):
    """A part of a published notification that will not be sent as it is written.

    Attributes:
        index: The notification's, counted from 0.
        field: As in ``Note``.
        problem: As in ``Note``.
    """

    index: int
    field: str
    problem: str

    @classmethod
    def of(cls, index: int, note: Note) -> "PublishWarning":
        """Return a note on the notification with this index."""
        return cls(index, note.field, note.problem)


class Published(msgspec.Struct, frozen=True):
    """Notifications that Kafka has acknowledged."""

    message_ids: tuple[str, ...]  # in the order in which the notifications came
    warnings: tuple[PublishWarning, ...] = ()  # parts that will be left out of them or changed


class TestBatch(msgspec.Struct, frozen=True):
    """The answer of ``POST /test-notifications``."""

    type: str
    requested: int
    published: int
    message_ids: tuple[str, ...]


class Deed(msgspec.Struct, frozen=True):
    """Something that somebody had this worker do."""

    number: int  # counts from 1
    at: str  # ISO 8601 UTC
    who: str  # the name of the key that it was done with, or ``this machine``
    what: str
