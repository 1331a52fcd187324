"""The worker, as the service sees it: starts and stops, and tells how it is."""

from collections.abc import Iterator
from typing import Any

import msgspec

from app.engine.control.holding import Holding
from app.engine.control.probes import Probes
from app.engine.control.snapshot import WorkerState, health_body, present, take_picture
from app.engine.inflight.invariants import check
from app.engine.lanes.dispatch import Dispatcher
from app.engine.parts import Parts
from app.engine.supervisor import Supervisor
from app.policies.service.health import Signs, problem
from app.values.fleet import Worker
from app.values.record import TopicPartition
from app.values.snapshot import Snapshot, Status


class NotificationWorker:
    """Consumes notifications and delivers them, from ``start`` to ``stop``."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._supervisor = Supervisor(parts)
        self._probes = Probes(parts, self._supervisor)
        self.holding = Holding(
            parts.assignment, parts.dispatcher, parts.clock, parts.observer, parts.board
        )

    async def start(self) -> None:
        """Begin to consume; return once RUNNING. Idempotent, waits while Kafka is away."""
        await self._supervisor.start()

    async def stop(self, *, drain: bool = True) -> None:
        """Stop consuming; return once STOPPED. Idempotent.

        Args:
            drain: Wait for started deliveries, up to the drain time-out.
        """
        await self._supervisor.stop(drain=drain)

    def pause(self) -> None:
        """Stop fetching without leaving the group. Idempotent."""
        self.parts.intake.paused = True

    def resume(self) -> None:
        """Fetch again, and ask broken and gone destinations again at once. Idempotent."""
        self.parts.intake.paused = False
        self.parts.intake.wake()
        self.parts.dispatcher.probe_now()

    @property
    def dispatcher(self) -> Dispatcher:
        """The lanes of its destinations."""
        return self.parts.dispatcher

    @property
    def status(self) -> Status:
        """Whether it runs."""
        return self._supervisor.status

    @property
    def in_flight(self) -> int:
        """Notifications that it has taken and not settled."""
        return self.parts.assignment.in_flight

    @property
    def joined(self) -> bool:
        """Whether it is in the group, with partitions or without."""
        return self.parts.current.joined

    @property
    def speaks(self) -> bool:
        """Whether it is the one that speaks for the group."""
        return self.joined and self.parts.subscription.first_partition in self.parts.assignment

    def lowest_unsettled(self) -> Iterator[tuple[TopicPartition, int]]:
        """Yield each partition this worker has with the lowest offset that is not settled."""
        for assigned in self.parts.assignment:
            yield assigned.partition, assigned.lowest_unsettled

    def snapshot(self) -> Snapshot:
        """Return the state now."""
        parts = self.parts
        return take_picture(
            self._state(),
            parts.connection,
            parts.subscription,
            parts.assignment,
            parts.dispatcher,
            parts.clock,
            parts.observer,
            parts.conditions,
        )

    def present(self, identity: Worker) -> Worker:
        """Return what it tells its group of itself."""
        parts = self.parts
        statistics = parts.observer.statistics
        return present(identity, self._state(), parts.assignment, parts.dispatcher, statistics)

    def _state(self) -> WorkerState:
        supervisor = self._supervisor
        return WorkerState(
            supervisor.status,
            supervisor.started_at,
            supervisor.uptime,
            self.parts.intake.paused,
            problem(self.signs()),
        )

    @property
    def stats(self) -> dict[str, Any]:
        """The mapping that ``GET /stats`` answers."""
        stats: dict[str, Any] = msgspec.to_builtins(self.snapshot())
        return stats

    def get_health_status(self) -> dict[str, Any]:
        """Return the body of ``GET /health``; ``problem`` is there only when there is one."""
        return health_body(self.snapshot())

    def not_live(self) -> str | None:
        """Say why the process should be restarted, or None. Never depends on Kafka."""
        return self._probes.not_live()

    def not_ready(self) -> str | None:
        """Say why no work is taken (not joined, nothing given, draining), or None."""
        return self._probes.not_ready()

    def signs(self) -> Signs:
        """Return the signs of its health."""
        return self._probes.signs()

    def check(self) -> Iterator[str]:
        """Yield what is wrong with what it holds: for simulations and tests, never for health."""
        parts = self.parts
        if parts.observer.last_fault is not None:
            yield f"a fault of its own: {parts.observer.last_fault[0]}"
        if not self.joined:
            return
        waiting = {job for lane in parts.dispatcher for job in lane.waiting()}
        yield from check(parts.assignment, parts.window, waiting, parts.settler.is_writing)
        for lane in parts.dispatcher:
            yield from (f"{lane.destination.label}: {each}" for each in lane.check())
