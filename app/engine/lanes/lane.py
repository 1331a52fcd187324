"""A lane: everything on its way to one destination, in order, a few at a time."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf

from app.edges.channels.base import Channel
from app.engine.clock import EngineClock
from app.engine.inflight.item import LONGEST_ERROR, Job, State
from app.engine.inflight.transitions import defer, drop, finish, narrow, start, trouble, wait
from app.engine.lanes.batching import put_back_followers, take_batch
from app.engine.lanes.outcomes import (
    LONGEST_WAIT,
    Discard,
    Left,
    Outcomes,
    PutAside,
    Refuse,
    Wait,
)
from app.engine.lanes.queue import JobQueue, place
from app.engine.lanes.surroundings import Surroundings
from app.engine.observer import Observer
from app.engine.tasks import Work
from app.policies.headers.deferral import SHORTEST, delay_for
from app.policies.limits.breaker import Verdict
from app.policies.limits.gate import PROBING, Gate, verdict_of
from app.policies.limits.retry import RetryPolicy
from app.policies.limits.shares import Share
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
from app.values.record import TopicPartition
from app.values.snapshot import DestinationState

SHARE_SECONDS = 0.25
"""Between two looks at whether the party's share has room again."""
TICK = 0.001
"""Seconds that a timer is set for at least: some loops know no shorter time."""


class Lane:
    """Delivers jobs to one destination: bounded, in order, at the pace that it asks for.

    A destination that fails holds up its own lane and nothing else: what cannot be tried soon is
    put aside, for a retry topic.

    Args:
        destination: Where it leads.
        channel: What speaks to the destination.
        host: Where it is, with its port: limits may hold for all of it.
        concurrency: How many requests may be under way at once.
        policy: When to try again, and for how long.
        clock: Tells the time.
        observer: Sees every attempt.
        chance: Random numbers between 0 and 1, for jitter.
        begin: Begins a piece of work in a task that the worker watches.
        share: What its party may have under way, with all its destinations.
        surroundings: The dispatcher.
    """

    def __init__(
        self,
        destination: Destination,
        channel: Channel,
        *,
        host: str,
        concurrency: int,
        policy: RetryPolicy,
        clock: EngineClock,
        observer: Observer,
        chance: Callable[[], float],
        begin: Callable[[Work], None],
        share: Share,
        surroundings: Surroundings,
    ) -> None:
        self.destination = destination
        self.host = host
        self.last_error: str | None = None
        self.last_used = clock.monotonic()
        self._channel = channel
        self._policy = policy
        self._clock = clock
        self._observer = observer
        self._chance = chance
        self._begin = begin
        self._share = share
        self._surroundings = surroundings
        self._outcomes = Outcomes(clock, observer, policy)
        self._gate = Gate(1 if channel.in_order else concurrency, breaks=policy.defers)
        self._queue = JobQueue()
        self._accepted_at = -inf
        self._runners = 0
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0
        self._held_back = False

    @property
    def active(self) -> int:
        """Requests under way."""
        return self._gate.active

    @property
    def queued(self) -> int:
        """Deliveries that wait: for their turn, a due time, or the one ahead with their key."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether anything waits or happens."""
        return bool(self._runners or self._queue)

    @property
    def idle(self) -> bool:
        """Whether it could be forgotten: nothing happens, and nothing worth knowing is known."""
        return not self.busy and self._gate.settled_down(self._clock.monotonic())

    @property
    def could_work(self) -> bool:
        """Whether something is under way, or waits and could be tried now."""
        ready = self._queue.ready and self._gate.wait(self._clock.monotonic()) <= 0
        return bool(self._gate.active or ready)

    def state(self) -> tuple[DestinationState, float | None]:
        """Return the destination's state, and the seconds until it is asked again."""
        return self._gate.state(self._clock.monotonic())

    def expected_wait(self) -> float:
        """Estimate the seconds until what waits now would have been sent."""
        now = self._clock.monotonic()
        wait = self._gate.expected_wait(now, self.queued, self._channel.most_merged)
        held_up = self._held_back and self._share.hangs(now)
        return max(wait, LONGEST_WAIT) if held_up else wait

    def submit(self, job: Job) -> None:
        """Put a job in line."""
        wait(job)
        with suppress(Exception):  # its attempt meets the same fault, and tells
            self._channel.prepare(job.delivery)
        self._queue.add(job)
        self._wake()

    def discard(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop waiting jobs; those under way are not touched."""
        for job in self._queue.remove(unwanted):
            drop(job)
        self._wake()  # those that were behind them can go

    def drain(self) -> None:
        """Drop what was not started or needs another attempt, and what is behind that in line."""
        dropped: set[Job] = set()
        stopped: set[str | TopicPartition] = set()
        for job in sorted(self._queue, key=lambda job: job.order):
            line = job.line
            if not job.item.started or job.attempts > 0 or line in stopped:
                dropped.add(job)
                if line is not None:
                    stopped.add(line)
        self.discard(dropped.__contains__)

    def put_aside(self, unwanted: Callable[[Job], bool]) -> None:
        """Put waiting jobs aside that were held for too long."""
        for job in self._queue.remove(unwanted):
            seconds = delay_for(self._clock.broker_now(), job.item.first_failure)
            self._put_aside(job, seconds, self.last_error or "held for too long")
        self._wake()

    def give_up_last(self, count: int) -> int:
        """Put aside what would be sent last, to make room; return how many that were."""
        chosen = set(sorted(self._queue, key=place)[-count:])
        for job in self._queue.remove(chosen.__contains__):
            self._put_aside(job, SHORTEST, self.last_error or "no room for more")
        self._wake()
        return len(chosen)

    def hold(self, until: float) -> None:
        """Try nothing before ``until`` (monotonic seconds)."""
        self._gate.hold(until)
        self._wake()

    def probe_now(self) -> None:
        """Ask a broken or gone destination with the next job, whatever it said."""
        self._channel.ask_again()
        self._gate.probe_now(self._clock.monotonic())
        self._wake()

    def close(self) -> None:
        """Let go of what waits and of the timer; the tasks are their owner's to cancel."""
        self._queue.remove(lambda _: True)
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        """Start what may be tried now; see to it that the rest is looked at again."""
        try:
            if self._queue.due_at is not None:
                self._queue.make_due_ready(self._clock.monotonic())
            if self._may_go():
                starting = self._runners - self._gate.active
                for _ in range(min(self._room(), self._queue.ready) - starting):
                    self._runners += 1
                    self._begin(self._run)
            if self._queue.due_at is not None:
                self._look_again_at(self._queue.due_at)
        except Exception as error:  # noqa: BLE001 - whoever wakes it has other lanes to see to
            self._fault("a lane", error)

    def _may_go(self) -> bool:
        """Say whether a request may be made now; where not, see to what waits."""
        now = self._clock.monotonic()
        wait = self._gate.wait(now)
        if wait <= 0:
            return True
        if wait == PROBING:
            return False  # the end of the probe decides
        if wait > LONGEST_WAIT and (self._policy.defers or self._gate.broken):
            for job in self._queue.remove(lambda _: True):
                self._turn_away(job)
        elif self._queue.ready:
            self._look_again_at(now + wait)
        return False

    def _room(self) -> int:
        """Return how many requests may be made: by the destination, and by its party's share."""
        room = self._gate.room()
        share = self._share.room
        self._held_back = room > 0 and share == 0 and self._queue.ready > 0
        if self._held_back:
            self._look_again_at(self._clock.monotonic() + SHARE_SECONDS)
        return min(room, share)

    def _look_again_at(self, moment: float) -> None:
        """Wake up then (monotonic seconds), or before."""
        if self._timer is not None:
            # The lane knows the time itself: not every loop's handles can tell it.
            if self._timer_at <= moment:
                return
            self._timer.cancel()
        self._timer_at = moment
        wait = max(moment - self._clock.monotonic(), TICK)
        self._timer = asyncio.get_running_loop().call_later(wait, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()

    async def _run(self) -> None:
        try:
            while batch := self._take():
                await self._attempt(batch)
        except Exception as error:  # noqa: BLE001 - it would end the session of all lanes
            self._fault("a lane", error)
        finally:
            self._runners -= 1

    def _take(self) -> list[Job]:
        """Take what the next request is to hold; nothing where none may be made now."""
        while self._queue.ready and self._may_go() and self._room():
            job = self._queue.take()
            is_expired = self._outcomes.is_expired
            if not is_expired(job):
                left = self._gate.requests_left
                return take_batch(job, self._queue, self._channel, left, is_expired)
            self._queue.release(job)
            self._close(job, partial(self._outcomes.expire, job))
        return []

    async def _attempt(self, batch: list[Job]) -> None:
        """Make one request. An error of the service's own ends it and nothing else."""
        started = self._clock.monotonic()
        number = self._gate.begin(started)
        for job in batch:
            start(job)
        try:
            answer = await self._send(batch)
        except asyncio.CancelledError:
            self._gate.abandon(number)
            for job in batch:
                self._abandon(job)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a channel trips over
            self._gate.abandon(number)  # it tells nothing about the destination
            self._fail_inside(batch, error)
        else:
            about = batch[0].delivery.digest if len(batch) == 1 else None
            self._learn(number, answer, started, about)
            if len(batch) > 1 and any(
                _is_refusal(each) for told in answer.outcomes for each in told
            ):
                self._send_one_by_one(batch)
            else:
                self._sort(batch, answer, self.last_used - started)
        if self.queued:
            self._wake()

    async def _send(self, batch: list[Job]) -> Answer:
        ticket = self._share.begin(self._clock.monotonic())
        failed = True
        try:
            for job in batch:
                if job.attempts or job.item.before is not None:
                    self._observer.retried(job.delivery)
            answer = await self._channel.send([job.delivery for job in batch])
            if len(answer.outcomes) != len(batch) or len(answer.notes) not in (0, len(batch)):
                raise ValueError(f"{len(answer.outcomes)} answers for {len(batch)} deliveries")
            failed = all(isinstance(each, Retry) for told in answer.outcomes for each in told)
            return answer
        finally:
            self._share.end(ticket, self._clock.monotonic(), failed=failed)

    def _fail_inside(self, batch: list[Job], error: Exception) -> None:
        """End an attempt that failed inside as one that failed; with others it is nobody's yet."""
        said = self._fault("a channel", error)
        if len(batch) > 1:
            self._send_one_by_one(batch)
            return
        failed = Retry(said)
        outcomes = tuple((failed,) * len(job.delivery.targets) for job in batch)
        self._sort(batch, Answer(outcomes), 0.0)

    def _learn(self, number: int, answer: Answer, started: float, about: bytes | None) -> None:
        """Take from an answer what it tells about the destination.

        Args:
            number: Of the request.
            answer: What came.
            started: When the request began.
            about: What tells the notification from others; None for several at once.
        """
        self.last_used = now = self._clock.monotonic()
        said = [outcome for each in answer.outcomes for outcome in each]
        troubles = [outcome for outcome in said if not isinstance(outcome, Delivered)]
        self.last_error = clip(troubles[0].error, LONGEST_ERROR) if troubles else None
        if len(troubles) < len(said):
            self._accepted_at = self._clock.broker_now()
        try:
            verdict = verdict_of(said) if troubles else Verdict.ALIVE
            self._gate.end(number, verdict, answer.allowance, now, about)
            self._heed(troubles, started, now)
        except Exception as error:  # noqa: BLE001 - what was answered to the jobs stands
            self._gate.abandon(number)
            self._fault("keeping a limit", error)

    def _heed(self, troubles: Sequence[Trouble], started: float, now: float) -> None:
        """Keep to what was asked for."""
        for outcome in troubles:
            if isinstance(outcome, RateLimited):
                after = outcome.after or self._policy.base_delay  # "at once" was too soon just now
                held_until = self._gate.limited(started, after, now)
                if outcome.scope is Scope.HOST:
                    self._surroundings.host_limited(self.destination, held_until)
                if outcome.scope is not Scope.SHARED:
                    self._surroundings.request_refused(self.destination)
                return
            if isinstance(outcome, Denied):
                self._surroundings.request_refused(self.destination)
                return

    def _send_one_by_one(self, batch: list[Job]) -> None:
        """One bad part never takes the others with it: none of them has had its attempt."""
        ours = [job for job in batch if job.state is State.ACTIVE and self._is_held(job)]
        for job in batch:
            job.alone = True
            if job not in ours:
                self._let_go(job)
        for job in put_back_followers(ours, self._queue, self._is_held):
            wait(job)
            self._queue.add_again(job)

    def _sort(self, batch: list[Job], answer: Answer, duration: float) -> None:
        """Book every outcome, and decide about what may still be accepted."""
        left: dict[Job, Left] = {}
        all_notes = answer.notes or ((),) * len(batch)
        for job, outcomes, notes in zip(batch, answer.outcomes, all_notes, strict=True):
            if job.state is not State.ACTIVE:
                self._let_go(job)
                continue
            remaining = self._book(job, outcomes, duration, notes)
            if remaining is None:
                finish(job)
                self._done(job)
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
            return self._outcomes.fail_inside(job, self._fault("booking", error))

    def _try_again(self, job: Job, left: Left) -> None:
        if len(left.targets) < len(job.delivery.targets):
            narrow(job, left.targets)
        step = self._outcomes.next_step(
            job,
            left,
            self._chance(),
            held=self._is_held(job),
            draining=self._surroundings.draining,
            accepted_at=self._accepted_at,
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
                self._put_aside(job, seconds, left.error)
            case Refuse():
                self._queue.release(job)
                self._close(job, lambda: self._outcomes.refuse(job, left.error))
            case Discard():
                if self._surroundings.draining:
                    self._drop_behind(job)
                self._let_go(job)

    def _drop_behind(self, job: Job) -> None:
        """Drop what is in a job's line: it is not to arrive before the job does elsewhere."""
        line = job.line
        if line is None:
            return
        for behind in self._queue.remove(lambda other: other.line == line):
            drop(behind)

    def _let_go(self, job: Job) -> None:
        """Do no more about a job that is another worker's, or was put aside meanwhile."""
        self._abandon(job)
        self._queue.release(job)

    def _abandon(self, job: Job) -> None:
        """Drop a job that was under way, unless it was put aside meanwhile."""
        if job.state is State.ACTIVE:
            drop(job)

    def _done(self, job: Job) -> None:
        """Hand back a job that was taken."""
        self._queue.release(job)
        self._surroundings.job_done(job)

    def _put_aside(self, job: Job, seconds: float, error: str) -> None:
        """Put aside a job that waits nowhere any more."""
        self._close(job, lambda: self._outcomes.put_aside(job, seconds, error))

    def _turn_away(self, job: Job) -> None:
        """Let go of a job whose destination cannot be asked for long."""
        error = self.last_error or "the destination cannot be asked now"
        if self._gate.gone or not self._policy.defers:
            self._close(job, lambda: self._outcomes.refuse(job, error))
            return
        now = self._clock.broker_now()
        trouble(job.item, now)
        self._put_aside(job, delay_for(now, job.item.first_failure), error)

    def _close(self, job: Job, decide: Callable[[], None]) -> None:
        """Hand back a job that waits nowhere any more; if deciding fails, it is put aside."""
        try:
            decide()
        except Exception as error:  # noqa: BLE001 - the next one's turn comes all the same
            self._fault("booking", error)
            if not job.finished:
                defer(job, SHORTEST)
        self._surroundings.job_done(job)

    def _is_held(self, job: Job) -> bool:
        """Say whether its partition is still this worker's, as it was when it came in."""
        return self._surroundings.is_held(job.item)

    def _fault(self, where: str, error: Exception) -> str:
        return self._observer.fault(f"{where} ({self.destination.label})", error)


def _is_refusal(outcome: Outcome) -> bool:
    """Say whether it may be about what was sent, not about who sent it."""
    return isinstance(outcome, Rejected) or (isinstance(outcome, Denied) and not outcome.certain)
