"""A lane: everything on its way to one destination, in order, a few at a time."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from app.edges.channels.base import Channel
from app.engine.batching import put_back_followers, take_batch
from app.engine.item import Job, State
from app.engine.journal import Journal
from app.engine.outcomes import (
    LONGEST_WAIT,
    Discard,
    Left,
    Outcomes,
    PutAside,
    Wait,
)
from app.engine.queue import JobQueue, place
from app.engine.surroundings import Surroundings
from app.engine.tasks import Work
from app.policies.breaker import Verdict
from app.policies.deferral import SHORTEST, delay_for
from app.policies.gate import PROBING, Gate, verdict_of
from app.policies.retry import RetryPolicy
from app.values.delivery import Destination
from app.values.outcome import Answer, Delivered, RateLimited, Rejected, Retry, Scope, Trouble
from app.values.snapshot import DestinationState

log = logging.getLogger(__name__)


class Lane:
    """Delivers jobs to one destination: bounded, in order, at the pace that it asks for.

    A destination that fails holds up its own lane and nothing else: what cannot be tried soon is
    put aside, for a retry topic.

    Args:
        destination: Where it leads.
        channel: What speaks to the destination.
        concurrency: How many requests may be under way at once.
        policy: When to try again, and for how long.
        journal: Where every attempt is written down; also tells the time.
        chance: Random numbers between 0 and 1, for jitter.
        begin: Begins a piece of work in a task that the worker watches.
        surroundings: The dispatcher.
    """

    def __init__(
        self,
        destination: Destination,
        channel: Channel,
        *,
        concurrency: int,
        policy: RetryPolicy,
        journal: Journal,
        chance: Callable[[], float],
        begin: Callable[[Work], None],
        surroundings: Surroundings,
    ) -> None:
        self.destination = destination
        self.last_error: str | None = None
        self.last_used = journal.monotonic()
        self._channel = channel
        self._policy = policy
        self._journal = journal
        self._chance = chance
        self._begin = begin
        self._surroundings = surroundings
        self._outcomes = Outcomes(journal, policy)
        self._gate = Gate(concurrency, breaks=policy.defers)
        self._queue = JobQueue()
        self._delayed: dict[Job, asyncio.TimerHandle] = {}
        self._runners = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> int:
        """Requests under way."""
        return self._gate.active

    @property
    def queued(self) -> int:
        """Deliveries that wait: for their turn, a due time, or the one ahead with their key."""
        return len(self._queue) + len(self._delayed)

    @property
    def idle(self) -> bool:
        """Whether it could be forgotten: nothing happens, and nothing worth knowing is known."""
        busy = self._runners or self.queued
        return not busy and self._gate.settled_down(self._journal.monotonic())

    @property
    def could_work(self) -> bool:
        """Whether something is under way, or waits and could be tried now."""
        ready = self._queue.ready and self._gate.wait(self._journal.monotonic()) <= 0
        return bool(self._gate.active or ready)

    def state(self) -> tuple[DestinationState, float | None]:
        """Return the destination's state, and the seconds until it is asked again."""
        return self._gate.state(self._journal.monotonic())

    def expected_wait(self) -> float:
        """Estimate the seconds until what waits now would have been sent."""
        now = self._journal.monotonic()
        return self._gate.expected_wait(now, self.queued, self._channel.most_merged)

    def submit(self, job: Job) -> None:
        """Put a job in line."""
        job.state = State.WAITING
        self._queue.add(job)
        self._wake()

    def discard(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop waiting jobs; those under way are not touched."""
        for job in self._withdraw(unwanted):
            job.state = State.DISCARDED
        self._wake()  # those that were behind them can go

    def drain(self) -> None:
        """Drop what was not started or needs another attempt, and what is behind that in line."""
        dropped: set[Job] = set()
        stopped: set[str] = set()
        for job in sorted([*self._queue, *self._delayed], key=lambda job: job.order):
            key = job.delivery.notification.ordering_key
            if not job.item.started or job.attempts > 0 or key in stopped:
                dropped.add(job)
                if key is not None:
                    stopped.add(key)
        self.discard(dropped.__contains__)

    def put_aside(self, unwanted: Callable[[Job], bool]) -> None:
        """Put waiting jobs aside that were held for too long."""
        for job in self._withdraw(unwanted):
            seconds = delay_for(self._journal.now(), job.item.first_failure)
            self._outcomes.put_aside(job, seconds, self.last_error or "held for too long")
            self._surroundings.job_done(job)
        self._wake()

    def give_up_last(self, count: int) -> int:
        """Put aside what would be sent last, to make room; return how many that were."""
        chosen = set(sorted([*self._queue, *self._delayed], key=place)[-count:])
        for job in self._withdraw(chosen.__contains__):
            self._outcomes.put_aside(job, SHORTEST, self.last_error or "no room for more")
            self._surroundings.job_done(job)
        self._wake()
        return len(chosen)

    def hold(self, until: float) -> None:
        """Try nothing before ``until`` (monotonic seconds)."""
        self._gate.hold(until)
        self._wake()

    def probe_now(self) -> None:
        """Ask a broken or gone destination with the next job, whatever it said."""
        self._gate.probe_now(self._journal.monotonic())
        self._wake()

    def close(self) -> None:
        """Cancel the timers; the tasks are their owner's to cancel."""
        for handle in self._delayed.values():
            handle.cancel()
        self._delayed.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        """Start what may be tried now; see to it that the rest is looked at again."""
        if not self._may_go():
            return
        starting = self._runners - self._gate.active
        for _ in range(min(self._gate.room(), self._queue.ready) - starting):
            self._runners += 1
            self._begin(self._run)

    def _may_go(self) -> bool:
        """Say whether a request may be made now; where not, see to what waits."""
        wait = self._gate.wait(self._journal.monotonic())
        if wait <= 0:
            return True
        if wait == PROBING:
            return False  # the end of the probe decides
        if wait > LONGEST_WAIT and (self._policy.defers or self._gate.broken):
            for job in self._withdraw(lambda _: True):
                self._turn_away(job)
        elif len(self._queue):
            self._look_again_in(wait)
        return False

    def _look_again_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()

    async def _run(self) -> None:
        try:
            while batch := self._take():
                await self._attempt(batch)
        finally:
            self._runners -= 1

    def _take(self) -> list[Job]:
        """Take what the next request is to hold; nothing where none may be made now."""
        while self._queue.ready and self._may_go() and self._gate.room():
            job = self._queue.take()
            is_expired = self._outcomes.is_expired
            if not is_expired(job):
                left = self._gate.requests_left
                return take_batch(job, self._queue, self._channel, left, is_expired)
            self._outcomes.expire(job)
            self._done(job)
        return []

    async def _attempt(self, batch: list[Job]) -> None:
        started = self._journal.monotonic()
        number = self._gate.begin(started)
        for job in batch:
            job.state = State.ACTIVE
            if job.attempts or job.item.before is not None:
                self._journal.retried(job.delivery)
        try:
            answer = await self._send(batch)
        except asyncio.CancelledError:
            self._gate.abandon(number)
            for job in batch:
                job.state = State.DISCARDED
            raise
        self.last_used = now = self._journal.monotonic()
        said = [outcome for each in answer.outcomes for outcome in each]
        troubles = [outcome for outcome in said if not isinstance(outcome, Delivered)]
        verdict = verdict_of(said) if troubles else Verdict.ALIVE
        self._gate.end(number, verdict, answer.allowance, now)
        self.last_error = troubles[0].error if troubles else None
        self._heed(troubles, now)
        if len(batch) > 1 and any(map(_is_refusal, troubles)):
            self._send_one_by_one(batch)
        else:
            self._sort(batch, answer, now - started)
        if self.queued:
            self._wake()

    async def _send(self, batch: list[Job]) -> Answer:
        try:
            return await self._channel.send([job.delivery for job in batch])
        except Exception as error:
            log.exception("the channel %s failed", self._channel.name)
            fault = Retry(f"internal error in the channel: {type(error).__name__}")
            return Answer(tuple((fault,) * len(job.delivery.targets) for job in batch))

    def _heed(self, troubles: Sequence[Trouble], now: float) -> None:
        """Keep to what was asked for."""
        for outcome in troubles:
            if isinstance(outcome, RateLimited):
                wait = outcome.after or self._policy.base_delay  # "at once" was too soon just now
                self._gate.hold(now + wait)
                if outcome.scope is Scope.HOST:
                    self._surroundings.host_limited(self.destination, now + wait)
                if outcome.scope is not Scope.SHARED:
                    self._surroundings.request_refused(self.destination)
                return
            if isinstance(outcome, Rejected) and outcome.denied:
                self._surroundings.request_refused(self.destination)
                return

    def _send_one_by_one(self, batch: list[Job]) -> None:
        """One bad part never takes the others with it: none of them has had its attempt."""
        ours = [job for job in batch if job.state is State.ACTIVE and job.item.assigned.active]
        for job in batch:
            job.alone = True
            if job not in ours:
                self._let_go(job)
        for job in put_back_followers(ours, self._queue):
            job.state = State.WAITING
            self._queue.add_again(job)

    def _sort(self, batch: list[Job], answer: Answer, duration: float) -> None:
        """Book every outcome, and decide about what may still be accepted."""
        left: dict[Job, Left] = {}
        all_notes = answer.notes or ((),) * len(batch)
        for job, outcomes, notes in zip(batch, answer.outcomes, all_notes, strict=True):
            if job.state is not State.ACTIVE:
                self._let_go(job)
                continue
            remaining = self._outcomes.book(job, outcomes, duration, notes)
            if remaining is None:
                job.state = State.DONE
                self._done(job)
            else:
                left[job] = remaining
        if left:
            for job in put_back_followers(left, self._queue):
                self._try_again(job, left[job])

    def _try_again(self, job: Job, left: Left) -> None:
        if len(left.targets) < len(job.delivery.targets):
            job.delivery = replace(job.delivery, targets=left.targets)
        draining = self._surroundings.draining
        match self._outcomes.next_step(job, left, self._chance(), draining=draining):
            case Wait(seconds):
                job.state = State.WAITING
                if seconds > 0:
                    loop = asyncio.get_running_loop()
                    self._delayed[job] = loop.call_later(seconds, self._due, job)
                else:
                    self._queue.add_again(job)
            case PutAside(seconds):
                self._outcomes.put_aside(job, seconds, left.error)
                self._done(job)
            case Discard():
                if self._surroundings.draining:
                    self._drop_behind(job)
                self._let_go(job)

    def _drop_behind(self, job: Job) -> None:
        """Drop what has a job's key: it is not to arrive before the job does elsewhere."""
        key = job.delivery.notification.ordering_key
        if key is None:
            return
        for behind in self._withdraw(lambda other: other.delivery.notification.ordering_key == key):
            behind.state = State.DISCARDED

    def _let_go(self, job: Job) -> None:
        """Do no more about a job that is another worker's, or was put aside meanwhile."""
        if job.state is State.ACTIVE:
            job.state = State.DISCARDED
        self._queue.release(job)

    def _due(self, job: Job) -> None:
        del self._delayed[job]
        self._queue.add_again(job)
        self._wake()

    def _done(self, job: Job) -> None:
        """Hand back a job that was taken."""
        self._queue.release(job)
        self._surroundings.job_done(job)

    def _withdraw(self, unwanted: Callable[[Job], bool]) -> list[Job]:
        """Take out every unwanted job that waits."""
        withdrawn = []
        for job in [each for each in self._delayed if unwanted(each)]:
            self._delayed.pop(job).cancel()
            self._queue.release(job)
            withdrawn.append(job)
        return withdrawn + self._queue.remove(unwanted)

    def _turn_away(self, job: Job) -> None:
        """Let go of a job whose destination cannot be asked for long."""
        error = self.last_error or "the destination cannot be asked now"
        if self._gate.gone or not self._policy.defers:
            self._outcomes.refuse(job, error)
        else:
            now = self._journal.now()
            job.item.first_failure = job.item.first_failure or now
            self._outcomes.put_aside(job, delay_for(now, job.item.first_failure), error)
        self._surroundings.job_done(job)


def _is_refusal(trouble: Trouble) -> bool:
    """Say whether it is about what was sent, not about who sent it."""
    return isinstance(trouble, Rejected) and not trouble.denied
