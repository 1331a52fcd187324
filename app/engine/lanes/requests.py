"""The requests of a lane that are under way."""

from collections.abc import Callable, Sequence
from functools import partial

from app.edges.channels.base import Attempt, Channel
from app.engine.clock import EngineClock
from app.engine.inflight.item import Job
from app.engine.inflight.transitions import start
from app.engine.lanes.answers import Answers
from app.engine.lanes.endings import Endings, abandon
from app.engine.observer import Observer
from app.engine.turn import Turn
from app.policies.limits.gate import Gate
from app.policies.limits.shares import Share
from app.values.outcome import PLAIN_YES, Answer, Retry


class Request:
    """A request that is under way.

    Args:
        under_way: The others of its lane.
        batch: The jobs that it is about.
        number: From the gate.
        number_of_share: From the share.
        started: Monotonic seconds.

    Attributes:
        attempt: The channel's; None until it has begun.
    """

    __slots__ = ("_under_way", "attempt", "batch", "number", "number_of_share", "started")

    def __init__(
        self,
        under_way: "UnderWay",
        batch: list[Job],
        number: int,
        number_of_share: int,
        started: float,
    ) -> None:
        self._under_way = under_way
        self.batch = batch
        self.number = number
        self.number_of_share = number_of_share
        self.started = started
        self.attempt: Attempt | None = None

    def ended(self, answer: Answer | Exception) -> None:
        """See ``turn.Asked``."""
        self._under_way.ended(self, answer)

    def begin(self) -> None:
        """See ``turn.Asked``."""
        self._under_way.begin(self)

    def cancel(self) -> None:
        """Give it up."""
        if self.attempt is not None:
            self.attempt.cancel()


class UnderWay:
    """Makes a lane's requests, and takes their answers.

    Args:
        channel: What speaks to the destination.
        gate: Counts requests by the destination's limits.
        share: Counts them by those of its party.
        answers: Learns from what comes, and books it.
        endings: Takes what goes wrong inside.
        clock: Tells the time.
        observer: Sees every attempt after the first.
        turn: When requests are made, and what comes of them is booked.
        go_on: Called after each answer.
    """

    def __init__(
        self,
        channel: Channel,
        gate: Gate,
        share: Share,
        answers: Answers,
        endings: Endings,
        clock: EngineClock,
        observer: Observer,
        turn: Turn,
        *,
        go_on: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._gate = gate
        self._share = share
        self._answers = answers
        self._endings = endings
        self._clock = clock
        self._observer = observer
        self._turn = turn
        self._go_on = go_on
        self._requests: dict[Request, None] = {}

    def __bool__(self) -> bool:
        return bool(self._requests)

    def ask(self, batch: list[Job]) -> None:
        """Count one request for some jobs; it begins soon."""
        started = self._clock.monotonic()
        for job in batch:
            start(job)
        number, number_of_share = self._gate.begin(started), self._share.begin(started)
        request = Request(self, batch, number, number_of_share, started)
        self._requests[request] = None
        self._turn.ask(request)

    def begin(self, request: Request) -> None:
        """Begin a request. An error of the service's own ends it and nothing else."""
        if request not in self._requests:
            return  # given up since
        batch = request.batch
        try:
            for job in batch:
                if job.attempts or (job.item.before and job.item.before.attempts):
                    self._observer.retried(job.delivery)
            then = partial(self._turn.answered, request)
            request.attempt = self._channel.begin([job.delivery for job in batch], then)
        except Exception as error:  # noqa: BLE001 - whatever a channel trips over
            self._turn.answered(request, error)

    def ended(self, request: Request, answer: Answer | Exception) -> None:
        """Learn from an answer, and book it."""
        if self._requests.pop(request, self) is self:
            return  # given up since
        batch, number = request.batch, request.number
        try:
            if _is_plain(answer, batch):
                now = self._clock.monotonic()
                self._share.end(request.number_of_share, now, failed=False)
                self._answers.take_success(number, batch[0], now, now - request.started)
            else:
                self._take(request, _fitting(answer, len(batch)))
        except Exception as error:  # noqa: BLE001 - others' answers are booked all the same
            self._endings.fault("a lane", error)
        self._go_on()

    def take_back(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop the unwanted jobs of requests that have not begun."""
        for request in list(self._requests):
            if request.attempt is None and all(map(unwanted, request.batch)):
                del self._requests[request]
                self._let_go(request, request.started)

    def close(self) -> None:
        """Give all of them up."""
        requests, self._requests = self._requests, {}
        for request in requests:
            request.cancel()
            self._let_go(request, self._clock.monotonic())

    def _let_go(self, request: Request, now: float) -> None:
        self._share.end(request.number_of_share, now, failed=True)
        self._gate.abandon(request.number)
        for job in request.batch:
            abandon(job)

    def _take(self, request: Request, answer: Answer | Exception) -> None:
        self._end(request, failed=_failed(answer))
        batch, number = request.batch, request.number
        if isinstance(answer, Exception):
            self._answers.take_fault(number, batch, answer)
        else:
            self._answers.take(number, batch, answer, request.started)

    def _end(self, request: Request, *, failed: bool) -> None:
        self._share.end(request.number_of_share, self._clock.monotonic(), failed=failed)


def _fitting(answer: Answer | Exception, jobs: int) -> Answer | Exception:
    """Return an answer if it has something for each job, and else an error."""
    if isinstance(answer, Exception):
        return answer
    if len(answer.outcomes) != jobs or len(answer.notes) not in (0, jobs):
        return ValueError(f"{len(answer.outcomes)} answers for {jobs} deliveries")
    return answer


def _is_plain(answer: Answer | Exception, batch: Sequence[Job]) -> bool:
    """Say whether it is a plain yes to one job with one target: what most answers are."""
    if answer is not PLAIN_YES and answer != PLAIN_YES:
        return False
    return len(batch) == 1 and len(batch[0].delivery.targets) == 1


def _failed(answer: Answer | Exception) -> bool:
    """Say whether the destination did its part for nobody."""
    if isinstance(answer, Exception):
        return True
    return all(isinstance(each, Retry) for told in answer.outcomes for each in told)
