"""A lane: everything on its way to one destination, in order, a few at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from heapq import heappop, heappush
from itertools import islice
from typing import Any, assert_never

from msgspec.structs import replace

from app.edges.channels.base import Channel
from app.engine.item import Job, State
from app.engine.journal import Journal
from app.policies.retry import RetryPolicy
from app.values.delivery import Destination, Target
from app.values.outcome import (
    Delivered,
    Expired,
    Gone,
    Outcome,
    RateLimited,
    Reason,
    Rejected,
    Retry,
)
from app.values.snapshot import DestinationState

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Lane:
    """Delivers jobs to one destination with bounded concurrency.

    Urgent ones go first; within a priority the order is that of the partition; with the same
    ``ordering_key`` the next is not tried before the one ahead of it is done. A destination that
    asks for patience holds its own lane and nothing else.

    Args:
        destination: Where it leads.
        channel: What speaks to the destination.
        concurrency: How many deliveries may be under way at once.
        policy: When to try again.
        journal: Where every attempt is written down; also tells the time.
        chance: Random numbers between 0 and 1, for jitter.
        spawn: Starts a named task that the worker watches.
        on_done: Called with a job when all its targets have their final answer.
        on_host_limit: Called when a rate limit holds for everything on the destination's host.
        may_retry: Says whether a failed job may wait for its next attempt (not while draining).
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
        spawn: Spawn,
        on_done: Callable[[Job], None],
        on_host_limit: Callable[[Destination, float], None],
        may_retry: Callable[[Job], bool],
    ) -> None:
        self.destination = destination
        self.last_error: str | None = None
        self.last_used = 0.0
        self.gone = False
        self._channel = channel
        self._concurrency = concurrency
        self._policy = policy
        self._journal = journal
        self._chance = chance
        self._spawn = spawn
        self._on_done = on_done
        self._on_host_limit = on_host_limit
        self._may_retry = may_retry
        self._ready: list[tuple[int, int, Job]] = []
        self._delayed: dict[Job, asyncio.TimerHandle] = {}
        self._behind: dict[str, deque[Job]] = {}
        self._runners = 0
        self._active = 0
        self._held_until: float | None = None
        self._release: asyncio.TimerHandle | None = None

    @property
    def active(self) -> int:
        """Deliveries under way."""
        return self._active

    @property
    def queued(self) -> int:
        """Deliveries that wait: for their turn, a due time, or the one ahead with their key."""
        return len(self._ready) + len(self._delayed) + sum(map(len, self._behind.values()))

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waiting."""
        return not (self._active or self._runners or self.queued or self._held_until)

    @property
    def could_work(self) -> bool:
        """Whether something is under way, or waits and could be tried now."""
        return bool(self._active or (self._ready and self._held_until is None))

    @property
    def state(self) -> DestinationState:
        """Whether it takes deliveries now."""
        if self._held_until is not None:
            return DestinationState.RATE_LIMITED
        return DestinationState.GONE if self.gone else DestinationState.OPEN

    @property
    def held_until(self) -> float | None:
        """Seconds since the epoch until which a rate limit holds the lane, or None."""
        return self._held_until

    def submit(self, job: Job) -> None:
        """Put a job in line."""
        job.state = State.WAITING
        key = job.delivery.notification.ordering_key
        if key is not None:
            if key in self._behind:
                self._behind[key].append(job)
                return
            self._behind[key] = deque()
        self._enqueue(job)

    def discard(self, unwanted: Callable[[Job], bool]) -> None:
        """Drop waiting jobs; those under way are not touched."""
        waiting = [job for _, _, job in self._ready]
        waiting += self._delayed
        for line in self._behind.values():
            waiting += line
        dropped = {job for job in waiting if unwanted(job)}
        for job in dropped:
            job.state = State.DISCARDED
            if handle := self._delayed.pop(job, None):
                handle.cancel()
        kept = sorted(entry for entry in self._ready if entry[2] not in dropped)
        self._ready[:] = kept  # sorted is a heap
        for job in dropped:
            self._next_in_line(job, dropped)

    def hold(self, until: float) -> None:
        """Try nothing before ``until`` (seconds since the epoch)."""
        if self._held_until is not None and until <= self._held_until:
            return
        if self._release is not None:
            self._release.cancel()
        self._held_until = until
        delay = max(until - self._journal.now(), 0.0)
        self._release = asyncio.get_running_loop().call_later(delay, self._let_go)

    def close(self) -> None:
        """Cancel the timers; the tasks are their owner's to cancel."""
        for handle in self._delayed.values():
            handle.cancel()
        self._delayed.clear()
        if self._release is not None:
            self._release.cancel()

    def _let_go(self) -> None:
        self._held_until = None
        self._release = None
        for _ in islice(self._ready, self._concurrency):
            self._wake()

    def _enqueue(self, job: Job) -> None:
        heappush(self._ready, (-job.delivery.notification.priority, job.order, job))
        self._wake()

    def _wake(self) -> None:
        if self._runners < self._concurrency and self._held_until is None:
            self._runners += 1
            self._spawn(self._run(), f"lane {self.destination.label}")

    async def _run(self) -> None:
        try:
            while self._ready and self._held_until is None:
                await self._attempt(heappop(self._ready)[2])
        finally:
            self._runners -= 1

    async def _attempt(self, job: Job) -> None:
        self._active += 1
        job.state = State.ACTIVE
        started = self._journal.monotonic()
        try:
            outcomes = await self._send(job)
        except asyncio.CancelledError:
            job.state = State.DISCARDED
            raise
        finally:
            self._active -= 1
            self.last_used = self._journal.now()
        self._sort(job, outcomes, self._journal.monotonic() - started)

    async def _send(self, job: Job) -> Sequence[Outcome]:
        delivery = job.delivery
        expires_at = delivery.notification.expires_at
        if expires_at is not None and expires_at <= self._journal.now():
            return [Expired()] * len(delivery.targets)
        if job.attempts:
            self._journal.retried(delivery)
        try:
            return await self._channel.send(delivery)
        except Exception as error:
            log.exception("the channel %s failed on %s", self._channel.name, delivery.source)
            fault = Retry(f"internal error in the channel: {type(error).__name__}")
            return [fault] * len(delivery.targets)

    def _sort(self, job: Job, outcomes: Sequence[Outcome], duration: float) -> None:
        """Book every target's outcome, and try again for those that may still accept it."""
        if not all(isinstance(outcome, RateLimited) for outcome in outcomes):
            job.attempts += 1
        left: list[Target] = []
        waits: list[float] = []
        for target, outcome in zip(job.delivery.targets, outcomes, strict=True):
            self._journal.attempted(job, target, outcome, duration)
            wait = self._book(job, target, outcome)
            if wait is not None:
                left.append(target)
                waits.append(wait)
        if not left:
            self._finish(job)
            return
        if len(left) < len(job.delivery.targets):
            job.delivery = replace(job.delivery, targets=tuple(left))
        if not self._may_retry(job):
            job.state = State.DISCARDED
            self._next_in_line(job, set())
            return
        self._again(job, max(waits))

    def _book(self, job: Job, target: Target, outcome: Outcome) -> float | None:
        """Book one outcome; return the seconds to wait where another attempt is due."""
        match outcome:
            case Delivered():
                job.item.delivered.append(target)
                self.last_error, self.gone = None, False
            case Retry(error, after):
                return self._after_failure(job, target, error, after)
            case RateLimited(error, after, scope):
                self._limited(error, after, scope)
                return 0.0
            case Rejected(error):
                self._give_up(job, target, Reason.REJECTED, error)
            case Gone(error):
                self.gone = True
                self._give_up(job, target, Reason.REJECTED, error)
            case Expired(error):
                self._give_up(job, target, Reason.EXPIRED, error)
            case _:
                assert_never(outcome)
        return None

    def _after_failure(
        self, job: Job, target: Target, error: str, after: float | None
    ) -> float | None:
        self.last_error = error
        job.item.first_failure = job.item.first_failure or self._journal.now()
        if self._policy.exhausted(job.attempts):
            self._give_up(job, target, Reason.EXHAUSTED, error)
            return None
        return self._policy.delay(job.attempts, self._chance(), after)

    def _limited(self, error: str, after: float | None, scope: str) -> None:
        self.last_error = error
        until = self._journal.now() + (self._policy.base_delay if after is None else after)
        self.hold(until)
        if scope == "host":
            self._on_host_limit(self.destination, until)

    def _give_up(self, job: Job, target: Target, reason: Reason, error: str) -> None:
        if reason is not Reason.EXPIRED:
            self.last_error = error
        job.item.fail(target, reason, error, self._journal.now())
        self._journal.gave_up(job, target, reason, error)

    def _again(self, job: Job, wait: float) -> None:
        job.state = State.WAITING
        if wait <= 0:
            self._enqueue(job)
            return
        self._delayed[job] = asyncio.get_running_loop().call_later(wait, self._due, job)

    def _due(self, job: Job) -> None:
        del self._delayed[job]
        self._enqueue(job)

    def _finish(self, job: Job) -> None:
        job.state = State.DONE
        self._next_in_line(job, set())
        self._on_done(job)

    def _next_in_line(self, job: Job, dropped: set[Job]) -> None:
        """Let the next with the same ordering key go, when ``job`` was the one ahead."""
        key = job.delivery.notification.ordering_key
        if key is None or key not in self._behind:
            return
        line = self._behind[key]
        if job in line:
            line.remove(job)
            return
        while line:
            following = line.popleft()
            if following not in dropped:
                self._enqueue(following)
                return
        del self._behind[key]
