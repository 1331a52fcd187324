"""What follows from an answer, for its destination and for each of its jobs."""

from collections.abc import Callable, Sequence
from math import inf

from app.engine.clock import EngineClock
from app.engine.inflight.item import LONGEST_ERROR, Job, State
from app.engine.inflight.transitions import finish, narrow, simplify, wait
from app.engine.lanes.batching import put_back_followers
from app.engine.lanes.endings import Endings
from app.engine.lanes.outcomes import Outcomes
from app.engine.lanes.queue import JobQueue
from app.engine.lanes.steps import Discard, HandOver, Left, PutAside, Refuse, Wait
from app.engine.lanes.surroundings import Surroundings
from app.policies.limits.breaker import Verdict
from app.policies.limits.gate import Gate, verdict_of
from app.policies.limits.retry import RetryPolicy
from app.policies.texts.plain_text import clip
from app.values.delivery import Destination
from app.values.note import Note
from app.values.outcome import (
    Answer,
    Delivered,
    Denied,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
    Scope,
    Trouble,
)


class Answers:
    """Learns from answers, books them, and decides about what may still be accepted.

    Args:
        destination: Whose answers they are.
        gate: Keeps what it says about its limits.
        queue: What waits in the lane.
        outcomes: Books what becomes of jobs.
        endings: Hands jobs back.
        policy: When to try again, and for how long.
        clock: Tells the time.
        chance: Random numbers between 0 and 1, for jitter.
        surroundings: The dispatcher.

    Attributes:
        last_error: What it last answered when that was not yes, or None.
        last_at: Monotonic seconds when it last answered.
    """

    def __init__(
        self,
        destination: Destination,
        gate: Gate,
        queue: JobQueue,
        outcomes: Outcomes,
        endings: Endings,
        policy: RetryPolicy,
        clock: EngineClock,
        chance: Callable[[], float],
        surroundings: Surroundings,
    ) -> None:
        self._destination = destination
        self._gate = gate
        self._queue = queue
        self._outcomes = outcomes
        self._endings = endings
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._surroundings = surroundings
        self._accepted_at = -inf
        self.last_error: str | None = None
        self.last_at = clock.monotonic()

    @property
    def has_accepted(self) -> bool:
        """Whether it has accepted anything so far."""
        return self._accepted_at > -inf

    def take(self, number: int, batch: list[Job], answer: Answer, started: float) -> None:
        """Take an answer with an outcome for each job.

        Args:
            number: Of the request.
            batch: What it held.
            answer: What came.
            started: When it began.
        """
        about = batch[0].delivery.digest if len(batch) == 1 else None
        self.learn(number, answer, started, about)
        if len(batch) > 1 and any(_is_refusal(each) for told in answer.outcomes for each in told):
            self._send_one_by_one(batch)
        else:
            self._sort(batch, answer, self.last_at - started)

    def take_success(self, number: int, job: Job, now: float, duration: float) -> None:
        """Take a plain yes from one target: what most answers are, by a shorter way.

        Args:
            number: Of the request.
            job: What it held.
            now: Monotonic seconds.
            duration: Seconds that it took.
        """
        self.last_at = self._accepted_at = now
        self.last_error = None
        try:
            self._gate.end(number, Verdict.ALIVE, None, now, job.delivery.digest)
        except Exception as error:  # noqa: BLE001 - as in learn
            self._gate.abandon(number)
            self._endings.fault("keeping a limit", error)
        if job.state is not State.ACTIVE:
            self._endings.let_go(job)
            return
        try:
            self._outcomes.accept(job, duration)
        except Exception as error:  # noqa: BLE001 - it was accepted
            self._endings.fault("booking", error)
        self._endings.done(job)

    def take_fault(self, number: int, batch: list[Job], error: Exception) -> None:
        """End an attempt that failed inside as one that failed; with others it is nobody's yet."""
        self._gate.abandon(number)  # it tells nothing about the destination
        said = self._endings.fault("a channel", error)
        if len(batch) > 1:
            self._send_one_by_one(batch)
            return
        failed = Retry(said)
        outcomes = tuple((failed,) * len(job.delivery.targets) for job in batch)
        self._sort(batch, Answer(outcomes), 0.0)

    def learn(self, number: int, answer: Answer, started: float, about: bytes | None) -> None:
        """Take from an answer what it tells about the destination.

        Args:
            number: Of the request.
            answer: What came.
            started: When the request began.
            about: What tells the notification from others; None for several at once.
        """
        self.last_at = now = self._clock.monotonic()
        said = [outcome for each in answer.outcomes for outcome in each]
        troubles = [outcome for outcome in said if not isinstance(outcome, Delivered)]
        self.last_error = clip(troubles[0].error, LONGEST_ERROR) if troubles else None
        if len(troubles) < len(said):
            self._accepted_at = now
        try:
            verdict = verdict_of(said) if troubles else Verdict.ALIVE
            self._gate.end(number, verdict, answer.allowance, now, about)
            self._heed(troubles, started, now)
        except Exception as error:  # noqa: BLE001 - what was answered to the jobs stands
            self._gate.abandon(number)
            self._endings.fault("keeping a limit", error)

    def _heed(self, troubles: Sequence[Trouble], started: float, now: float) -> None:
        """Keep to what was asked for."""
        for outcome in troubles:
            if isinstance(outcome, RateLimited):
                after = outcome.after or self._policy.base_delay  # "at once" was too soon just now
                held_until = self._gate.limited(started, after, now, outcome.longest)
                if outcome.scope is Scope.HOST:
                    self._surroundings.host_limited(self._destination, held_until)
                if outcome.scope is not Scope.SHARED:
                    self._surroundings.request_refused(self._destination)
                return
            if isinstance(outcome, Denied):
                self._surroundings.request_refused(self._destination)
                return

    def _send_one_by_one(self, batch: list[Job]) -> None:
        """One bad part never takes the others with it: none of them has had its attempt."""
        ours = [job for job in batch if job.state is State.ACTIVE and self._is_held(job)]
        for job in batch:
            job.alone = True
            if job not in ours:
                self._endings.let_go(job)
        for job in put_back_followers(ours, self._queue, self._is_held):
            wait(job)
            self._queue.add_again(job)

    def _sort(self, batch: list[Job], answer: Answer, duration: float) -> None:
        """Book every outcome, and decide about what may still be accepted."""
        left: dict[Job, Left] = {}
        all_notes = answer.notes or ((),) * len(batch)
        for job, outcomes, notes in zip(batch, answer.outcomes, all_notes, strict=True):
            if job.state is not State.ACTIVE:
                self._endings.let_go(job)
                continue
            remaining = self._book(job, outcomes, duration, notes)
            if remaining is None:
                finish(job)
                self._endings.done(job)
            else:
                left[job] = remaining
        if left:
            for job in put_back_followers(left, self._queue, self._is_held):
                self._try_again(job, left[job])

    def _book(
        self, job: Job, outcomes: Sequence[Outcome], duration: float, notes: tuple[Note, ...]
    ) -> Left | None:
        try:
            return self._outcomes.book(job, outcomes, duration, notes)
        except Exception as error:  # noqa: BLE001 - what was decided stands
            return self._outcomes.fail_inside(job, self._endings.fault("booking", error))

    def _try_again(self, job: Job, left: Left) -> None:
        if len(left.targets) < len(job.delivery.targets):
            narrow(job, left.targets)
        if left.plain:
            simplify(job)
        step = self._outcomes.next_step(
            job,
            left,
            self._chance(),
            held=self._is_held(job),
            draining=self._surroundings.draining,
            accepted_for=self._clock.monotonic() - self._accepted_at,
            shut_for=self._gate.shut_for(self._clock.monotonic()),
        )
        match step:
            case Wait(seconds):
                wait(job)
                if seconds > 0:
                    self._queue.delay(job, self._clock.monotonic() + seconds)
                else:
                    self._queue.add_again(job)
            case PutAside(seconds):
                self._queue.release(job)
                self._endings.put_aside(job, seconds, left.error)
            case Refuse():
                self._queue.release(job)
                self._endings.refuse(job, left.error)
            case HandOver():
                self._queue.release(job)
                self._endings.hand_over(job, left.error)
            case Discard():
                if self._surroundings.draining:
                    self._endings.drop_behind(job)
                self._endings.let_go(job)

    def _is_held(self, job: Job) -> bool:
        """Say whether its partition is still this worker's, as it was when it came in."""
        return self._surroundings.is_held(job.item)


def _is_refusal(outcome: Outcome) -> bool:
    """Say whether it may be about what was sent, not about who sent it."""
    return isinstance(outcome, Rejected) or (isinstance(outcome, Denied) and not outcome.certain)
