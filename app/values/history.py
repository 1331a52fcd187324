"""Entries of the history, as its topic keeps them and as the control plane tells them."""

import msgspec

from app.values.note import Note
from app.values.snapshot import AttemptStatus


class Try(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One attempt at one target, or why none was made."""

    at: float  # seconds since the epoch when it ended
    target: int  # which of the entry's targets
    status: AttemptStatus
    attempt: int
    # seconds that the destination took, or that it waited here for its turn; None if it was
    # not asked
    duration: float | None = None
    error: str | None = None  # its answer when that was not yes, without secrets


class Addressee(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A target, without its secrets."""

    channel: str
    destination: str


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A notification that was settled for good, or deferred.

    Attributes:
        id: Its ``message_id``, or None.
        origin: Its record's first place: ``topic/partition/offset``.
        state: ``sent``, ``partial``, ``failed``, ``expired``, ``suppressed`` or ``deferred``.
        published_at: Seconds since the epoch.
        at: Seconds since the epoch when it was settled or put aside.
        title, user: As far as they are known.
        targets: Whom it was for, as far as this is known.
        notes: Parts of it that were left out or changed.
        trace_id: Of the trace that it belongs to; None if nobody asked for traces.
    """

    id: str | None
    origin: str
    state: str
    published_at: float
    at: float
    title: str | None = None
    user: str | None = None
    targets: tuple[Addressee, ...] = ()
    tries: tuple[Try, ...] = ()
    notes: tuple[Note, ...] = ()
    trace_id: str | None = None


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """A record of the history topic."""

    worker: str  # who wrote it: ``host:process id``
    entries: tuple[Entry, ...]  # in the order in which they were settled


class Told(msgspec.Struct, frozen=True):
    """An attempt, as it is told. Times are ISO 8601, UTC."""

    time: str
    status: AttemptStatus
    attempt: int
    worker: str
    duration: float | None
    error: str | None


class TargetStory(msgspec.Struct, frozen=True):
    """One target of a notification, with every attempt that is known."""

    channel: str
    destination: str
    attempts: tuple[Told, ...]


class Settled(msgspec.Struct, frozen=True):
    """A row of ``GET /history``. Times are ISO 8601, UTC."""

    id: str | None
    origin: str
    state: str
    title: str | None
    user: str | None
    published: str
    settled: str
    worker: str
    targets: tuple[TargetStory, ...]
    notes: tuple[Note, ...]


class Story(msgspec.Struct, frozen=True):
    """The story of one notification so far. Times are ISO 8601, UTC.

    Attributes:
        state: ``queued``, ``in_flight``, ``waiting``, ``deferred``, or how it was settled.
        why: Why it waits or is not sent; None if nothing holds it up.
        next_attempt_at: When it is tried next, as far as this is known.
        worker: Who holds it, or settled it.
        record: Its place now: ``topic/partition/offset``.
        content: As far as the record is still there, shortened.
        dead_letter: Its place among the dead letters, for ``POST /dead-letters/replay``.
        trace_id: Of the trace that it belongs to, as far as it is known.
    """

    id: str | None
    origin: str
    state: str
    why: str | None
    next_attempt_at: str | None
    worker: str | None
    title: str | None
    user: str | None
    published: str | None
    settled: str | None
    record: str | None
    content: str | None
    targets: tuple[TargetStory, ...]
    notes: tuple[Note, ...]
    dead_letter: str | None
    trace_id: str | None = None


class HistoryPage(msgspec.Struct, frozen=True):
    """The answer of ``GET /history``."""

    history: tuple[Settled, ...]
    next_cursor: str | None
