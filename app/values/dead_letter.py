"""A dead letter as the operator sees it."""

import msgspec


class DeadLetter(msgspec.Struct, frozen=True):
    """One record of the dead-letter topic.

    Attributes:
        id: ``partition/offset`` in the dead-letter topic.
        time: ISO 8601 UTC, when it was written there.
        replays: How often its notification was replayed before it was written.
        replayed: ISO 8601 UTC, when it was replayed itself, or None.
        value: The original value as text; undecodable bytes are escaped.
    """

    id: str
    time: str
    reason: str
    error: str
    origin: str
    message_id: str | None
    title: str | None
    targets_failed: tuple[str, ...]
    targets_delivered: tuple[str, ...]
    attempts: int
    first_failure: str | None
    replays: int
    replayed: str | None
    key: str | None
    value: str | None
    headers: dict[str, str]


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Newest first; ``next_cursor`` is None on the last page."""

    dead_letters: tuple[DeadLetter, ...]
    next_cursor: str | None
