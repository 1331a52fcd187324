"""The order in which a lane sends what waits."""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush

from app.engine.inflight.item import Job
from app.engine.inflight.packing import unpack
from app.values.record import TopicPartition

_Entry = tuple[int, int, Job]
_Due = tuple[float, int, Job]


class _Line:
    """The jobs of one line: those that are ahead, and those behind them."""

    __slots__ = ("ahead", "behind")

    def __init__(self) -> None:
        self.ahead = 0
        self.behind: deque[Job] = deque()


class JobQueue:
    """Urgent ones first, within a priority in the order of their partition.

    Jobs of one line (``Job.line``) go one after the other: the next one is not ready before the
    one ahead is released. A job that was taken is ahead until then, wherever it is, also while
    it waits for the time of its next attempt.

    Attributes:
        ready: What could be taken, as a heap; others look at it, no more.
        delayed: What waits for its time, likewise.
    """

    def __init__(self) -> None:
        self.ready: list[_Entry] = []
        self.delayed: list[_Due] = []
        self._lines: dict[str | TopicPartition, _Line] = {}
        self._behind = 0

    def __len__(self) -> int:
        return len(self.ready) + len(self.delayed) + self._behind

    def add(self, job: Job) -> None:
        """Put a new job in line."""
        key = job.line
        if key is not None:
            line = self._lines.get(key)
            if line is not None:
                line.behind.append(job)
                self._behind += 1
                return
            line = self._lines[key] = _Line()
            line.ahead = 1
        self.add_again(job)

    def add_again(self, job: Job) -> None:
        """Make a job ready that was taken; in its line it is ahead as before."""
        heappush(self.ready, (job.rank, job.order, job))

    def delay(self, job: Job, until: float) -> None:
        """Keep a job that was taken for a later attempt; in its line it is ahead as before."""
        heappush(self.delayed, (until, job.order, job))

    @property
    def due_at(self) -> float | None:
        """When the first of the delayed ones comes due; None if there is none."""
        return self.delayed[0][0] if self.delayed else None

    def due_time(self, job: Job) -> float | None:
        """Return when a job that waits for a later attempt comes due, or None."""
        return next((until for until, _, each in self.delayed if each is job), None)

    def make_due_ready(self, now: float) -> None:
        """Put in line again whatever has come due by now."""
        while self.delayed and self.delayed[0][0] <= now:
            self.add_again(heappop(self.delayed)[2])

    def peek(self) -> Job | None:
        """Return the next job without taking it."""
        return _unpacked(self.ready[0][2]) if self.ready else None

    def take(self) -> Job:
        """Take the next job, which there is."""
        return _unpacked(heappop(self.ready)[2])

    def behind(self, job: Job) -> Job | None:
        """Return the next job in the line of one that was taken, without taking it."""
        line = self._line(job)
        return _unpacked(line.behind[0]) if line and line.behind else None

    def take_behind(self, job: Job) -> None:
        """Take that next job too; both are ahead of the others then."""
        line = self._line(job)
        if line is not None:
            line.behind.popleft()
            line.ahead += 1
            self._behind -= 1

    def put_back(self, job: Job) -> None:
        """Undo ``take_behind`` for this job."""
        line = self._line(job)
        if line is not None:
            line.behind.appendleft(job)
            line.ahead -= 1
            self._behind += 1

    def release(self, job: Job) -> None:
        """Let the next one in its line go: this job is done, or will not be sent."""
        key = job.line
        if key is None:
            return
        line = self._lines[key]
        line.ahead -= 1
        if line.ahead:
            return
        if not line.behind:
            del self._lines[key]
            return
        line.ahead = 1
        self._behind -= 1
        self.add_again(line.behind.popleft())

    def remove(self, unwanted: Callable[[Job], bool]) -> list[Job]:
        """Take out every unwanted job that waits and return them, in order."""
        removed = []
        for line in self._lines.values():
            kept = [job for job in line.behind if not unwanted(job)]
            if len(kept) < len(line.behind):
                removed += [job for job in line.behind if unwanted(job)]
                self._behind -= len(line.behind) - len(kept)
                line.behind = deque(kept)
        ahead = [entry[2] for entry in (*self.ready, *self.delayed) if unwanted(entry[2])]
        if ahead:
            self.ready = [entry for entry in self.ready if not unwanted(entry[2])]
            self.delayed = [entry for entry in self.delayed if not unwanted(entry[2])]
            heapify(self.ready)
            heapify(self.delayed)
            for job in ahead:
                self.release(job)
        return sorted(ahead + removed, key=place)

    def __iter__(self) -> Iterator[Job]:
        for _, _, job in (*self.ready, *self.delayed):
            yield job
        for line in self._lines.values():
            yield from line.behind

    def _line(self, job: Job) -> _Line | None:
        key = job.line
        return None if key is None else self._lines.get(key)


def _unpacked(job: Job) -> Job:
    if job.item.packed is not None:
        unpack(job)
    return job


def place(job: Job) -> tuple[int, int]:
    """Return what orders jobs: by priority, then by intake."""
    return job.rank, job.order
