"""How jobs leave a lane."""

from collections.abc import Callable
from functools import partial

from app.engine.clock import EngineClock
from app.engine.inflight.item import Job, State
from app.engine.inflight.packing import unpack
from app.engine.inflight.transitions import defer, drop, trouble
from app.engine.lanes.outcomes import Outcomes
from app.engine.lanes.queue import JobQueue
from app.engine.lanes.surroundings import Surroundings
from app.engine.observer import Observer
from app.policies.headers.deferral import SHORTEST, delay_for
from app.policies.limits.retry import RetryPolicy


class Endings:
    """Hands jobs back that wait nowhere any more.

    Args:
        label: The destination's, for what goes wrong.
        queue: What waits in the lane.
        outcomes: Books what becomes of jobs.
        policy: When to try again, and for how long.
        clock: Tells the time.
        observer: Sees what goes wrong.
        surroundings: The dispatcher.

    Attributes:
        put_aside_so_far: Jobs that were put aside and never had been before.
    """

    def __init__(
        self,
        label: str,
        queue: JobQueue,
        outcomes: Outcomes,
        policy: RetryPolicy,
        clock: EngineClock,
        observer: Observer,
        surroundings: Surroundings,
    ) -> None:
        self._label = label
        self._queue = queue
        self._outcomes = outcomes
        self._policy = policy
        self._clock = clock
        self._observer = observer
        self._surroundings = surroundings
        self.put_aside_so_far = 0

    def done(self, job: Job) -> None:
        """Hand back a job that was taken."""
        if job.line is not None:
            self._queue.release(job)
        self._surroundings.job_done(job)

    def put_aside(self, job: Job, seconds: float, error: str) -> None:
        """Put a job aside."""
        self.put_aside_so_far += job.item.before is None
        self._close(job, partial(self._outcomes.put_aside, job, seconds, error))

    def hold_no_longer(self, job: Job, error: str) -> None:
        """Put a job aside that was held for too long."""
        self.put_aside(job, delay_for(self._clock.broker_now(), job.item.first_failure), error)

    def put_off(self, job: Job, error: str) -> None:
        """Put a job aside whose destination is paused."""
        self._close(job, partial(self._outcomes.put_off, job, error))

    def hand_over(self, job: Job, error: str) -> None:
        """End a job of which somebody else is told, since its destination does not have it."""
        self._close(job, partial(self._outcomes.hand_over, job, error))

    def refuse(self, job: Job, error: str) -> None:
        """End a job that its destination will never take."""
        self._close(job, partial(self._outcomes.refuse, job, error))

    def expire(self, job: Job) -> None:
        """End a job whose time has passed."""
        self._close(job, partial(self._outcomes.expire, job))

    def turn_away(self, job: Job, error: str, *, gone: bool) -> None:
        """End a job whose destination cannot be asked for long.

        Args:
            job: Waits nowhere any more.
            error: Why it cannot be asked.
            gone: It has said that it no longer exists.
        """
        if gone or not self._policy.defers:
            self.refuse(job, error)
            return
        now = self._clock.broker_now()
        trouble(job.item, now)
        self.put_aside(job, delay_for(now, job.item.first_failure), error)

    def let_go(self, job: Job) -> None:
        """Do no more about a job that is another worker's, or was put aside meanwhile."""
        abandon(job)
        self._queue.release(job)

    def drop_behind(self, job: Job) -> None:
        """Drop what is in a job's line: it is not to arrive before the job does elsewhere."""
        line = job.line
        if line is None:
            return
        for behind in self._queue.remove(lambda other: other.line == line):
            drop(behind)

    def fault(self, where: str, error: Exception) -> str:
        """Write down an error of the service's own; it ends one attempt and nothing else."""
        return self._observer.fault(f"{where} ({self._label})", error)

    def _close(self, job: Job, decide: Callable[[], None]) -> None:
        """Hand back a job that waits nowhere any more; if deciding fails, it is put aside."""
        try:
            unpack(job)
            decide()
        except Exception as error:  # noqa: BLE001 - the next one's turn comes all the same
            self.fault("booking", error)
            if not job.finished:
                defer(job, SHORTEST)
        self._surroundings.job_done(job)


def abandon(job: Job) -> None:
    """Drop a job that was under way, unless it was put aside meanwhile."""
    if job.state is State.ACTIVE:
        drop(job)
