"""The workers of a group, as they tell each other of themselves."""

import msgspec

from app.values.snapshot import Status


class WorkerStatistics(msgspec.Struct, frozen=True):
    """Figures of one worker, or of all of them together (docs/contract.md#counts)."""

    messages_consumed: int = 0
    messages_sent: int = 0
    messages_failed: int = 0
    messages_partial: int = 0
    messages_expired: int = 0
    messages_suppressed: int = 0
    messages_retried: int = 0
    messages_deferred: int = 0
    messages_dead_lettered: int = 0
    in_flight: int = 0
    queued: int = 0
    deferred_waiting: int = 0
    lag: int | None = None
    backlog: int | None = None
    success_rate: float | None = None
    last_message_time: str | None = None


class Worker(msgspec.Struct, frozen=True):
    """One worker.

    Attributes:
        id: Tells it from all others, those on the same machine and those before it.
        host: Its machine.
        address: Of its control plane; None if it has none that others can reach.
        start_time: When the worker was started, ISO 8601, UTC; None while it is not running.
        status: As in ``GET /stats``.
        paused: Whether it fetches nothing.
        partitions: The numbers of those that it has, by topic.
    """

    id: str
    host: str
    process_id: int
    status: Status
    address: str | None = None
    version: str = ""
    start_time: str | None = None
    paused: bool = False
    problem: str | None = None
    partitions: dict[str, tuple[int, ...]] = {}
    statistics: WorkerStatistics = WorkerStatistics()


class Fleet(msgspec.Struct, frozen=True):
    """The answer of ``GET /workers``.

    Attributes:
        me: The id of the worker that answers; it is not among the workers while it is stopped.
        workers: All that are alive, in the order of their ids.
        unknown: Why others may be missing or gone, or None.
    """

    me: str
    workers: tuple[Worker, ...]
    totals: WorkerStatistics
    unknown: str | None = None
