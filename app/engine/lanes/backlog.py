"""What waits for a destination, and how it leaves without having been sent."""

from collections.abc import Callable, Iterator

from app.engine.inflight.item import Job, State
from app.engine.inflight.transitions import drop
from app.engine.lanes.endings import Endings
from app.engine.lanes.outcomes import Outcomes
from app.engine.lanes.queue import JobQueue, place
from app.engine.lanes.surroundings import Surroundings
from app.policies.headers.deferral import SHORTEST
from app.values.record import TopicPartition


class Backlog:
    """Takes jobs out of a lane's line that are not to wait there any longer.

    Args:
        queue: The line.
        endings: Hands jobs back.
        outcomes: Knows what is to be told to somebody else.
        surroundings: The dispatcher.
    """

    def __init__(
        self, queue: JobQueue, endings: Endings, outcomes: Outcomes, surroundings: Surroundings
    ) -> None:
        self._queue = queue
        self._endings = endings
        self._outcomes = outcomes
        self._surroundings = surroundings

    def drop(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop jobs: their records come in again, here or elsewhere."""
        for job in self._queue.remove(unwanted):
            drop(job)

    def drop_unstarted(self) -> None:
        """Drop what was not started or needs another attempt, and what is behind that in line."""
        dropped: set[Job] = set()
        stopped: set[str | TopicPartition] = set()
        for job in sorted(self._queue, key=_intake):  # an urgent one waits for its line, too
            line = job.line
            if not job.item.started or job.attempts > 0 or line in stopped:
                dropped.add(job)
                if line is not None:
                    stopped.add(line)
        self.drop(dropped.__contains__)

    def put_aside(self, unwanted: Callable[[Job], bool], error: str) -> None:
        """Put jobs aside that were held for too long."""
        for job in self._queue.remove(unwanted):
            self._endings.hold_no_longer(job, error)

    def put_last_aside(self, count: int, error: str) -> int:
        """Put aside what would be sent last, to make room; return how many jobs that were."""
        last = self._remove_last(count)
        for job in last:
            self._endings.put_aside(job, SHORTEST, error)
        return len(last)

    def put_off(self, error: str) -> None:
        """Put everything aside for as long as the destination is paused."""
        for job in self._queue.remove(_every):
            self._endings.put_off(job, error)

    def turn_away(self, error: str, *, gone: bool) -> None:
        """End everything, because the destination cannot be asked for long (``Endings``)."""
        for job in self._queue.remove(_every):
            self._endings.turn_away(job, error, gone=gone)

    def turn_last_away(self, count: int, error: str, *, gone: bool) -> None:
        """End what would be sent last, to make room, as ``turn_away`` does."""
        for job in self._remove_last(count):
            self._endings.turn_away(job, error, gone=gone)

    def hand_over(self, shut_for: float, error: str) -> None:
        """Let those be told instead who are there for a destination that cannot be asked.

        Args:
            shut_for: Seconds for which it has been broken; infinite if denied or gone.
            error: Why it cannot be asked.
        """
        for job in self._queue.remove(
            lambda job: self._outcomes.is_to_be_handed_over(job, shut_for)
        ):
            self._endings.hand_over(job, error)

    def forget(self) -> None:
        """Let go of everything."""
        self._queue.remove(_every)

    def check(self) -> Iterator[str]:
        """Yield what is wrong with it: what waits must be waiting, and of a partition held here."""
        for job in self._queue:
            if job.state is not State.WAITING:
                yield f"a job in line is {job.state.name}"
            if not self._surroundings.is_held(job.item):
                yield "a job in line is of a partition that is gone"

    def _remove_last(self, count: int) -> list[Job]:
        if count <= 0:
            return []
        chosen = set(sorted(self._queue, key=place)[-count:])
        return self._queue.remove(chosen.__contains__)


def _intake(job: Job) -> int:
    return job.order


def _every(_: Job) -> bool:
    return True
