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
        group: The consumer group that gave it up; empty if nobody knows.
        cause: The id of its cause, which it shares with those that failed at the same destinations
            with the same error.
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
    group: str = ""
    cause: str = ""


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Newest first; ``next_cursor`` is None on the last page.

    Attributes:
        looked_at: How many records were read to find these.
        looked_back_to: When the oldest of them was written, ISO 8601 UTC; None if there was none.
    """

    dead_letters: tuple[DeadLetter, ...]
    next_cursor: str | None
    looked_at: int = 0
    looked_back_to: str | None = None


class Cause(msgspec.Struct, frozen=True):
    """Dead letters that failed for the same reason, at the same destinations, with the same error.

    Attributes:
        id: Stable: the same for the same cause at any time.
        destination: The labels of the targets that were not reached; empty if there was none.
        error: With ids and long numbers as ``#``, in which errors of one kind differ.
        count: How many there are among those that were looked at.
        replayed: Of those, how many were replayed.
        newest: When the newest of them was written, ISO 8601 UTC.
    """

    id: str
    reason: str
    destination: str
    error: str
    count: int
    replayed: int
    newest: str


class OtherGroup(msgspec.Struct, frozen=True):
    """Dead letters that another consumer group has given up: they are that one's to replay.

    Attributes:
        count: How many there are among those that were looked at.
        newest: When the newest of them was written, ISO 8601 UTC.
    """

    group: str
    count: int
    newest: str


class DeadLetterOverview(msgspec.Struct, frozen=True):
    """A page of dead letters, and what the newest of them have in common.

    Attributes:
        causes: The most frequent first.
        others: Those of other groups.
    """

    page: DeadLetterPage
    causes: tuple[Cause, ...] = ()
    others: tuple[OtherGroup, ...] = ()
