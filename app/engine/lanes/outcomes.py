"""How jobs come out of a lane: delivered, refused, expired, given up, put aside."""

from collections.abc import Sequence
from math import inf

from app.engine.clock import EngineClock
from app.engine.inflight.item import Job
from app.engine.inflight.transitions import (
    accept,
    accept_all,
    adjust,
    attempted,
    defer,
    detour,
    fail,
    finish,
    trouble,
)
from app.engine.lanes.steps import (
    Discard,
    HandOver,
    Left,
    Passing,
    PutAside,
    Refuse,
    Step,
    Wait,
    left_of,
)
from app.engine.observer import Observer
from app.policies.headers.deferral import AT_ONCE, SHORTEST, delay_for, longest_delay
from app.policies.limits.retry import RetryPolicy
from app.values.delivery import Target
from app.values.note import Note
from app.values.outcome import (
    Delivered,
    Expired,
    Gone,
    Outcome,
    RateLimited,
    Reason,
    Rejected,
)

LONGEST_WAIT = 60.0
"""Seconds; what cannot be tried within them does not wait in memory."""
LONGEST_HELD = 300.0
"""Seconds that a notification stays in memory, whatever it waits for."""
ONLY_ONCE = "its lifetime cannot be read, so that it is not sent later"


_NO_ATTEMPT = (RateLimited, Expired)


class Outcomes:
    """Books what becomes of jobs.

    Args:
        clock: Tells the time.
        observer: Sees it.
        policy: How long a notification is tried.
    """

    def __init__(self, clock: EngineClock, observer: Observer, policy: RetryPolicy) -> None:
        self._clock = clock
        self._observer = observer
        self._policy = policy

    def book(
        self,
        job: Job,
        outcomes: Sequence[Outcome],
        duration: float,
        notes: tuple[Note, ...] = (),
    ) -> Left | None:
        """Book the outcomes of an attempt, one for each target.

        Args:
            job: What was tried.
            outcomes: What each of its targets answered.
            duration: Seconds that it took.
            notes: What was not sent of the notification, or not as it was written.

        Returns:
            What is left of the job; None where every target has its final answer.
        """
        attempted(job, counts=_was_attempt(outcomes))
        adjust(job.item, notes)
        told = list(zip(job.delivery.targets, outcomes, strict=True))
        given_up = len(job.item.failures)
        left: list[tuple[Target, Passing]] = []
        for target, outcome in told:
            if isinstance(outcome, Delivered):
                accept(job.item, target)
            elif isinstance(outcome, Rejected | Gone | Expired) and _is_final(job, outcome):
                now = self._clock.broker_now()
                fail(job.item, target, _reason(outcome), outcome.error, now)
            else:
                left.append((target, outcome))
        remaining = left_of(left, plain=job.delivery.plain) if left else None
        if remaining is not None and remaining.failed:
            trouble(job.item, self._clock.broker_now())
        for target, outcome in told:  # all is decided: what fails now changes nothing
            self._observer.attempted(job, target, outcome, duration, notes)
        self._write_off(job, given_up)
        return remaining

    def accept(self, job: Job, duration: float) -> None:
        """Book that a job's one target has accepted it, after so many seconds."""
        accept_all(job)
        self._observer.delivered(job, job.delivery.targets[0], duration)

    def fail_inside(self, job: Job, error: str) -> Left | None:
        """Book an attempt that ended with an error of the service's own, whatever was booked of it.

        Returns:
            As ``book``: targets that have their final answer keep it.
        """
        item = job.item
        decided = {*item.delivered, *(failure.target for failure in item.failures)}
        left = tuple(target for target in job.delivery.targets if target not in decided)
        attempted(job)
        trouble(item, self._clock.broker_now())
        return Left(left, error, None, failed=True) if left else None

    def next_step(
        self,
        job: Job,
        left: Left,
        chance: float,
        *,
        held: bool,
        draining: bool,
        accepted_for: float,
        shut_for: float | None,
    ) -> Step:
        """Decide about a job that some targets are left of.

        Args:
            job: With nothing but those targets.
            left: What was said about them.
            chance: A random number between 0 and 1, for jitter.
            held: Its partition is still this worker's.
            draining: The worker is about to stop, and waits for nothing that needs another attempt.
            accepted_for: Seconds since the destination last accepted anything.
            shut_for: Seconds for which it has been broken; infinite if denied or gone; or None.
        """
        item, policy = job.item, self._policy
        if not held or left.refused or self.is_to_be_handed_over(job, shut_for):
            return HandOver() if held else Discard()
        if left.failed and job.delivery.notification.once and not left.plain:
            return PutAside(SHORTEST)
        if draining:
            return PutAside(AT_ONCE) if item.partly_done else Discard()
        lets_others_in = self._clock.broker_now() - accepted_for > (item.first_failure or 0.0)
        if left.denied and lets_others_in and item.attempts >= policy.max_attempts:
            return Refuse()
        waits = left.failed and not left.plain
        wait = policy.delay(max(job.attempts, 1), chance, left.after) if waits else 0.0
        if self._is_to_be_put_aside(job, left, wait):
            return PutAside(delay_for(self._clock.broker_now(), item.first_failure))
        return Wait(wait)

    def _is_to_be_put_aside(self, job: Job, left: Left, wait: float) -> bool:
        """Say whether a job waits in a retry topic, not in memory, for its next attempt."""
        item, policy = job.item, self._policy
        if left.plain:
            return False
        if left.failed and policy.exhausted(job.attempts, deferred=item.before is not None):
            return True
        # The next one is tried at once after a denial: it tells whom the refusal is about.
        held = self._clock.monotonic() - item.received_at
        return policy.defers and (left.denied or wait > LONGEST_WAIT or held > LONGEST_HELD)

    def is_to_be_handed_over(self, job: Job, shut_for: float | None) -> bool:
        """Say whether somebody else is to be told, because a destination cannot be asked.

        Args:
            job: For that destination.
            shut_for: Seconds for which it has been broken; infinite if denied or gone; or None.
        """
        if shut_for is None or not has_fallback(job):
            return False
        after = job.delivery.targets[0].fallback_after
        if shut_for == inf or after is None:
            return shut_for == inf
        failing_for = self._clock.broker_now() - (job.item.first_failure or inf)
        return max(shut_for, failing_for) >= after

    def hand_over(self, job: Job, error: str) -> None:
        """Let whoever is told instead have it, by way of a retry topic.

        So the change is acknowledged by Kafka before anybody else is asked: what becomes of the
        worker meanwhile, nobody is told by both.

        Args:
            job: Waits nowhere any more.
            error: Why its destination does not have it.
        """
        if self.is_expired(job):
            self.expire(job)
            return
        trouble(job.item, self._clock.broker_now())
        (target,) = job.delivery.targets
        detour(job)
        self._observer.handed_over(job, target, error)
        defer(job, AT_ONCE)

    def is_expired(self, job: Job) -> bool:
        """Say whether a job's time has passed."""
        expires_at = job.delivery.notification.expires_at
        return expires_at is not None and expires_at <= self._clock.broker_now()

    def expire(self, job: Job) -> None:
        """Book a job whose time has passed before it could be sent."""
        finish(job)
        self.book(job, [Expired()] * len(job.delivery.targets), 0.0)

    def refuse(self, job: Job, error: str) -> None:
        """Book a job that its destination will never take."""
        self._give_up_all(job, Reason.REJECTED, error)

    def put_aside(self, job: Job, seconds: float, error: str) -> None:
        """Put a job aside for later, unless it is too late for that.

        Args:
            job: Waits nowhere any more.
            seconds: How long.
            error: What keeps it from being delivered.
        """
        policy, first_failure = self._policy, job.item.first_failure
        if self.is_expired(job):
            self.expire(job)
        elif seconds > AT_ONCE and job.delivery.notification.once:
            self._give_up_all(job, Reason.EXHAUSTED, f"{ONLY_ONCE}: {error}")
        elif seconds > AT_ONCE and (
            not policy.defers or policy.too_old(first_failure, self._clock.broker_now())
        ):
            self._give_up_all(job, Reason.EXHAUSTED, error)
        else:
            self._observer.put_aside(job, seconds, error)
            defer(job, seconds)

    def put_off(self, job: Job, error: str) -> None:
        """Put a job aside whose destination is paused: that makes nothing too old.

        Args:
            job: Waits nowhere any more.
            error: Says who has paused it.
        """
        if self.is_expired(job):
            self.expire(job)
        elif job.delivery.notification.once:
            self._give_up_all(job, Reason.EXHAUSTED, f"{ONLY_ONCE}: {error}")
        else:
            self._observer.put_off(job, error)
            defer(job, longest_delay(), paused=True)

    def _give_up_all(self, job: Job, reason: Reason, error: str) -> None:
        if has_fallback(job):
            self.hand_over(job, error)
            return
        given_up = len(job.item.failures)
        for target in job.delivery.targets:
            fail(job.item, target, reason, error, self._clock.broker_now())
        finish(job)
        self._write_off(job, given_up)

    def _write_off(self, job: Job, first: int) -> None:
        """Count the targets that were given up, from the ``first`` failure of the item on."""
        for failure in job.item.failures[first:]:
            self._observer.gave_up(job, failure.target, failure.reason, failure.error)


def _is_final(job: Job, outcome: Rejected | Gone | Expired) -> bool:
    """Say whether nothing else is tried after a refusal: neither plain text nor a fallback."""
    if isinstance(outcome, Expired):
        return True
    if isinstance(outcome, Rejected) and outcome.form and not job.delivery.plain:
        return False
    return not has_fallback(job)


def has_fallback(job: Job) -> bool:
    """Say whether somebody else is told if a job's one target does not accept it.

    What is sent at the first attempt or not at all has no second one, anywhere.
    """
    targets = job.delivery.targets
    return len(targets) == 1 and bool(targets[0].fallback) and not job.delivery.notification.once


def _reason(outcome: Rejected | Gone | Expired) -> Reason:
    return Reason.EXPIRED if isinstance(outcome, Expired) else Reason.REJECTED


def _was_attempt(outcomes: Sequence[Outcome]) -> bool:
    """Say whether a destination was asked, and did not merely ask for patience."""
    for outcome in outcomes:  # noqa: SIM110 - of every delivery; a generator takes longer
        if not isinstance(outcome, _NO_ATTEMPT):
            return True
    return False
