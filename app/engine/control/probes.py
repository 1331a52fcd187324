"""What health is judged by: the signs of progress, and the probes for liveness and readiness."""

from app.engine.parts import Parts
from app.engine.supervisor import Supervisor
from app.policies.service.health import Signs
from app.values.snapshot import Status


class Probes:
    """Looks at the parts of the engine, and changes nothing."""

    def __init__(self, parts: Parts, supervisor: Supervisor) -> None:
        self._parts = parts
        self._supervisor = supervisor

    def not_live(self) -> str | None:
        """Say why the process should be restarted, or None. Never depends on Kafka."""
        return "the worker's supervisor ended" if self._supervisor.ended else None

    def not_ready(self) -> str | None:
        """Say why no work is taken (not joined, nothing given, draining), or None."""
        status = self._supervisor.status
        if status is not Status.RUNNING:
            return f"the worker is {status.value}"
        if not self._parts.current.joined:
            return "the worker has not joined the group, or a rebalance is under way"
        return self._parts.share.starved

    def signs(self) -> Signs:
        """Return the signs of its health."""
        parts, supervisor = self._parts, self._supervisor
        if self.not_live() is not None:
            return Signs(status=Status.ERROR, failure=self.not_live())
        session = parts.current.session
        if supervisor.status is not Status.RUNNING or session is None:
            return Signs(
                status=supervisor.status,
                failure=supervisor.failure,
                start_error=supervisor.start_error,
                condition=parts.conditions.problem,
                starting_for=supervisor.starting_for,
            )
        return Signs(
            status=supervisor.status,
            broker_silent_for=session.silent_for if session.joined else None,
            commit_overdue_for=session.committer.overdue_for,
            poll_silent_for=parts.clock.monotonic() - parts.intake.polled_at,
            fetch_silent_for=parts.pulse.fetch_silent_for(),
            deliver_silent_for=parts.pulse.deliver_silent_for(),
            records_blocked=parts.settler.blocked,
            condition=parts.conditions.problem,
        )
