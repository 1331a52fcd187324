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
    """Dead letters with the same reason, destinations and error."""

    id: str  # stable: the same for the same cause at any time
    reason: str
    destination: str  # the labels of the targets that were not reached; empty if there was none
    error: str  # with ids and long numbers as ``#``, in which errors of one kind differ
    count: int  # how many there are among those that were looked at
    replayed: int  # of those, how many were replayed
    newest: str  # when the newest of them was written, ISO 8601 UTC


class OtherGroup(msgspec.Struct, frozen=True):
    """Dead letters that another consumer group has given up: they are that one's to replay."""

    group: str
    count: int  # how many there are among those that were looked at
    newest: str  # when the newest of them was written, ISO 8601 UTC


class DeadLetterOverview(msgspec.Struct, frozen=True):
    """A page of dead letters, and what the newest of them have in common."""

    page: DeadLetterPage
    causes: tuple[Cause, ...] = ()  # the most frequent first
    others: tuple[OtherGroup, ...] = ()  # those of other groups
