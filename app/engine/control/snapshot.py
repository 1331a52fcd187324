"""The snapshot: everything that page, API and metrics show, taken at one moment."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from app.edges.kafka.connection import Connection
from app.engine.clock import EngineClock
from app.engine.conditions import Conditions
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.engine.lanes.dispatch import Dispatcher
from app.engine.lanes.lane import Lane
from app.engine.observer import Observer
from app.policies.books.statistics import Statistics, TargetCounts, Verdict, frozen
from app.policies.limits.broker_clock import PATIENCE
from app.values.fleet import Worker, WorkerStatistics
from app.values.snapshot import (
    Counts,
    DestinationSnapshot,
    DestinationState,
    PartitionSnapshot,
    Snapshot,
    Status,
)


class WorkerState(msgspec.Struct, frozen=True):
    """The state of the worker itself."""

    status: Status
    started_at: float | None  # seconds since the epoch, or None while it is stopped
    uptime: float  # seconds since then; 0 while it is stopped
    paused: bool
    problem: str | None


def take_picture(
    state: WorkerState,
    connection: Connection,
    subscription: Subscription,
    assignment: Assignment,
    dispatcher: Dispatcher,
    clock: EngineClock,
    observer: Observer,
    conditions: Conditions,
) -> Snapshot:
    """Return everything ``GET /stats`` says (docs/contract.md#counts)."""
    statistics = observer.statistics
    partitions = tuple(assigned.snapshot() for assigned in assignment)
    ahead = clock.ahead_of_brokers()
    return Snapshot(
        status=state.status,
        is_running=state.status is Status.RUNNING,
        paused=state.paused,
        problem=state.problem,
        group_id=subscription.group_id,
        topics=subscription.topics,
        broker=connection.bootstrap_servers,
        embedded=connection.embedded,
        start_time=_iso(state.started_at),
        uptime_seconds=round(state.uptime, 3),
        **asdict(_figures(statistics, assignment, dispatcher, partitions)),
        messages_adjusted=statistics.adjusted,
        messages_duplicate=statistics.duplicate,
        messages_skipped=statistics.skipped,
        messages_missed=statistics.missed,
        messages_vanished=statistics.vanished,
        parked=assignment.parked,
        partitions=partitions,
        channels=frozen(statistics.channels),
        destinations=_destinations(statistics, dispatcher, clock.now()),
        conditions=conditions.snapshot(),
        clock_difference_seconds=None if ahead is None else round(ahead, 3),
        messages_fallback=statistics.fallback,
    )


def present(
    identity: Worker,
    state: WorkerState,
    assignment: Assignment,
    dispatcher: Dispatcher,
    statistics: Statistics,
) -> Worker:
    """Return what a worker tells its group of itself: a small part of the snapshot."""
    numbers: dict[str, list[int]] = {}
    for assigned in assignment:
        topic, number = assigned.partition
        numbers.setdefault(topic, []).append(number)
    partitions = [assigned.snapshot() for assigned in assignment]
    return replace(
        identity,
        status=state.status,
        paused=state.paused,
        problem=state.problem,
        start_time=_iso(state.started_at),
        partitions={topic: tuple(each) for topic, each in numbers.items()},
        statistics=_figures(statistics, assignment, dispatcher, partitions),
    )


def _figures(
    statistics: Statistics,
    assignment: Assignment,
    dispatcher: Dispatcher,
    partitions: Collection[PartitionSnapshot],
) -> WorkerStatistics:
    """Return the figures that a worker shows and tells its group."""
    lags = [partition.lag for partition in partitions if partition.lag is not None]
    to_do = assignment.unfetched + assignment.in_flight + assignment.parked
    return WorkerStatistics(
        messages_consumed=statistics.consumed,
        messages_sent=statistics.settled[Verdict.SENT],
        messages_failed=statistics.settled[Verdict.FAILED],
        messages_partial=statistics.settled[Verdict.PARTIAL],
        messages_expired=statistics.settled[Verdict.EXPIRED],
        messages_suppressed=statistics.settled[Verdict.SUPPRESSED],
        messages_retried=statistics.retried,
        messages_deferred=statistics.deferred,
        messages_dead_lettered=statistics.dead_lettered,
        in_flight=assignment.in_flight,
        queued=dispatcher.queued,
        deferred_waiting=assignment.waiting,
        lag=sum(lags) if lags or not partitions else None,
        backlog=to_do if lags or not partitions else None,
        success_rate=statistics.success_rate,
        last_message_time=_iso(statistics.last_message_time),
    )


def health_body(now: Snapshot) -> dict[str, Any]:
    """Return the body of ``GET /health``.

    ``problem`` is there only when there is one, ``clock_difference_seconds`` only when clocks
    differ too much.
    """
    health: dict[str, Any] = {
        "status": now.status.value,
        "is_running": now.is_running,
        "paused": now.paused,
        "group_id": now.group_id,
        "topics": list(now.topics),
        "broker": now.broker,
        "start_time": now.start_time,
        "last_message_time": now.last_message_time,
        "uptime_seconds": now.uptime_seconds,
        "messages_consumed": now.messages_consumed,
        "messages_sent": now.messages_sent,
        "messages_failed": now.messages_failed,
        "messages_retried": now.messages_retried,
        "warnings": list(now.warnings),
    }
    ahead = now.clock_difference_seconds
    if ahead is not None and abs(ahead) > PATIENCE:
        health["clock_difference_seconds"] = round(ahead)
    if now.problem is not None:
        health["problem"] = now.problem
    return health


def _destinations(
    statistics: Statistics, lanes: Iterable[Lane], now: float
) -> dict[str, DestinationSnapshot]:
    by_label = {lane.destination.label: lane for lane in lanes}
    counts = statistics.destinations
    return {
        label: _destination(counts.get(label), by_label.get(label), now)
        for label in {**dict.fromkeys(by_label), **counts}
    }


def _destination(
    counted: TargetCounts | None, lane: Lane | None, now: float
) -> DestinationSnapshot:
    state, wait = lane.state() if lane else (DestinationState.OPEN, None)
    counts = counted.frozen() if counted else Counts()
    channel = lane.destination.channel if lane else counted.channel if counted else ""
    return DestinationSnapshot(
        channel=channel,
        state=state,
        until=None if wait is None else _iso(now + wait),
        queued=lane.queued if lane else 0,
        in_flight=lane.active if lane else 0,
        messages_sent=counts.messages_sent,
        messages_failed=counts.messages_failed,
        messages_expired=counts.messages_expired,
        messages_retried=counts.messages_retried,
        last_error=lane.last_error if lane else None,
    )


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
