"""One immutable picture of the worker, for API, page, metrics and command line alike."""

from enum import StrEnum

import msgspec

from app.values.note import Note


class Status(StrEnum):
    """The worker's state (docs/contract.md#counts)."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ERROR = "ERROR"


class DestinationState(StrEnum):
    """Whether a destination takes deliveries now."""

    OPEN = "open"
    RATE_LIMITED = "rate_limited"
    BROKEN = "broken"
    DENIED = "denied"
    GONE = "gone"
    PAUSED = "paused"


class AttemptStatus(StrEnum):
    """How one attempt ended, or why none was made."""

    DELIVERED = "delivered"
    RETRY = "retry"
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    DENIED = "denied"
    GONE = "gone"
    EXPIRED = "expired"
    INVALID = "invalid"
    UNROUTABLE = "unroutable"
    EXHAUSTED = "exhausted"
    SUPPRESSED = "suppressed"
    WAITED = "waited"
    """It was late: it says where it waited before its first attempt. In the history alone."""
    DEFERRED = "deferred"
    """It was put aside, and says why. In the history alone."""


class Counts(msgspec.Struct, frozen=True):
    """Targets by their results, for one channel or destination."""

    messages_sent: int = 0
    messages_failed: int = 0
    messages_expired: int = 0
    messages_retried: int = 0


class DestinationSnapshot(msgspec.Struct, frozen=True):
    """One lane.

    Attributes:
        until: ISO 8601 UTC time until which ``state`` holds, or None.
        last_error: The destination's last answer that was not yes, or None.
    """

    channel: str
    state: DestinationState
    until: str | None
    queued: int
    in_flight: int
    messages_sent: int
    messages_failed: int
    messages_expired: int
    messages_retried: int
    last_error: str | None


class PartitionSnapshot(msgspec.Struct, frozen=True):
    """One assigned partition. Offsets are None until known.

    Attributes:
        lag: From the committed offset to the end, without records that are not due.
    """

    topic: str
    partition: int
    position: int | None
    committed: int | None
    end: int | None
    lag: int | None
    unsettled: int

    @property
    def waiting(self) -> int:
        """How many records of a retry topic are not due: the lag leaves them out."""
        if self.end is None or self.committed is None or self.lag is None:
            return 0
        return max(self.end - self.committed, 0) - self.lag


class Condition(msgspec.Struct, frozen=True):
    """Something that is not as it should be, from its beginning to its end.

    Attributes:
        kind: Its kind, as metrics label it: ``clock``, ``topic_missing``, …
        subject: The thing it is about (a topic, a partition, a destination); empty for the worker.
        text: The fault and the remedy, without secrets.
        since: Seconds since the epoch when it began.
        stops_work: Whether no progress is made because of it.
    """

    kind: str
    subject: str
    text: str
    since: float
    stops_work: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """Everything ``GET /stats`` says (docs/contract.md#counts). Times are ISO 8601 UTC strings.

    Attributes:
        messages_fallback: Times that somebody else was told: the fallback of an address.
        messages_missed: Offsets that retention deleted before they were read.
        messages_vanished: Offsets that had been read and that the log lost from its end.
        conditions: Everything that somebody should look at, the oldest first.
        parked: Offsets that stay unsettled although nothing of them is in flight: the notification
            can neither be delivered now nor deferred.
        clock_difference_seconds: How far this machine's clock is ahead of the brokers'; negative
            if it is behind, None until one of them has told the time.
    """

    status: Status
    is_running: bool
    paused: bool
    problem: str | None
    group_id: str
    topics: tuple[str, ...]
    broker: str
    embedded: bool
    start_time: str | None
    last_message_time: str | None
    uptime_seconds: float
    messages_consumed: int
    messages_sent: int
    messages_failed: int
    messages_partial: int
    messages_expired: int
    messages_suppressed: int
    messages_retried: int
    messages_adjusted: int
    messages_deferred: int
    messages_dead_lettered: int
    messages_duplicate: int
    messages_skipped: int
    messages_missed: int
    messages_vanished: int
    deferred_waiting: int
    in_flight: int
    queued: int
    success_rate: float | None
    lag: int | None
    backlog: int | None
    partitions: tuple[PartitionSnapshot, ...]
    channels: dict[str, Counts]
    destinations: dict[str, DestinationSnapshot]
    conditions: tuple[Condition, ...] = ()
    parked: int = 0
    clock_difference_seconds: float | None = None
    messages_fallback: int = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what somebody should look at although work goes on."""
        return tuple(each.text for each in self.conditions if not each.stops_work)


class Attempt(msgspec.Struct, frozen=True):
    """One row of ``GET /deliveries``: one attempt at one target.

    Attributes:
        id: Grows with every attempt of this process; the cursor of ``GET /deliveries``.
        time: ISO 8601 UTC.
        duration: Seconds the destination took; None when it was not asked.
        error: The failure, without secrets; None when delivered.
        notes: Parts of the notification that were left out or changed.
    """

    id: int
    time: str
    status: AttemptStatus
    channel: str
    destination: str
    message_id: str | None
    title: str | None
    content: str
    attempt: int
    duration: float | None
    error: str | None
    origin: str
    notes: tuple[Note, ...] = ()
