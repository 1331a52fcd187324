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
    """Notifications that Kafka has acknowledged.

    Attributes:
        message_ids: In the order in which the notifications came.
        warnings: Parts that will be left out of them or changed.
    """

    message_ids: tuple[str, ...]
    warnings: tuple[PublishWarning, ...] = ()


class TestBatch(msgspec.Struct, frozen=True):
    """The answer of ``POST /test-notifications``."""

    type: str
    requested: int
    published: int
    message_ids: tuple[str, ...]


class Deed(msgspec.Struct, frozen=True):
    """Something that somebody had this worker do.

    Attributes:
        number: Counts from 1.
        at: ISO 8601 UTC.
        who: The name of the key that it was done with, or ``this machine``.
    """

    number: int
    at: str
    who: str
    what: str
