"""Destinations as one worker knows them, for whoever looks after them."""

from enum import StrEnum

import msgspec

from app.values.snapshot import AttemptStatus, DestinationState


class DestinationView(msgspec.Struct, frozen=True):
    """One destination. Times are ISO 8601 UTC strings.

    Attributes:
        id: The same at every worker and over restarts.
        label: Its redacted address, as in logs, metrics and ``GET /stats``.
        name: Whom it reaches by the recipients file, or None.
        state: As in ``GET /stats``.
        until: Until when the state holds, or None.
        paused_by, paused_at: Who has paused it, and when; None if it is not paused.
        waiting: Deliveries that wait in memory.
        oldest_waiting: When the oldest of them was published, or None.
        success_rate_last_hour: The share of them that was accepted, 0 to 1; None without any.
        last_error: What it last said when that was not yes, or None.
        messages_deferred: Targets that this worker has deferred to a retry topic, each counted
            once.
    """

    id: str
    channel: str
    label: str
    name: str | None
    state: DestinationState
    until: str | None
    paused_by: str | None
    paused_at: str | None
    waiting: int
    in_flight: int
    oldest_waiting: str | None
    messages_sent: int
    messages_failed: int
    messages_expired: int
    messages_retried: int
    attempts_last_hour: int
    success_rate_last_hour: float | None
    last_error: str | None
    last_error_time: str | None
    last_success_time: str | None
    messages_deferred: int = 0


class DestinationPage(msgspec.Struct, frozen=True):
    """The answer of ``GET /destinations``.

    Attributes:
        total: How many there are that match.
        next_cursor: Leads to the next ones; None on the last page.
    """

    destinations: tuple[DestinationView, ...]
    total: int
    next_cursor: int | None


class DestinationSort(StrEnum):
    """What comes first."""

    WORST = "worst"
    NAME = "name"
    WAITING = "waiting"
    FAILED = "failed"
    SENT = "sent"
    RECENT = "recent"


class DestinationAnswer(msgspec.Struct, frozen=True):
    """What a destination said to a test notification.

    Attributes:
        status: As in ``GET /deliveries``.
        said: Its words if that was not yes, or why it was not asked; None if it accepted.
        duration: Seconds that it took; None if it was not asked.
    """

    accepted: bool
    status: AttemptStatus
    said: str | None
    duration: float | None
    destination: DestinationView
