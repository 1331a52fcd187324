"""Whether a destination may be asked now: its rate limit, its breaker, how long it takes."""

from collections.abc import Sequence
from math import inf

from app.policies.limits.breaker import THRESHOLD, Breaker, Verdict
from app.policies.limits.budget import UNLIMITED, Budget
from app.policies.limits.pacing import Pacer
from app.values.outcome import (
    Allowance,
    Denied,
    Gone,
    Outcome,
    RateLimited,
    Retry,
)
from app.values.snapshot import DestinationState

_SMOOTHING = 0.2
_BROKEN_FOR = 60.0
"""Seconds that count as the wait for a destination that is broken."""
_REMEMBERED_FOR = 3600.0
"""Seconds that a destination stays known as broken or gone which nobody writes to any more."""


class Gate:
    """Lets requests to one destination through. Times are monotonic seconds.

    Args:
        breaks: Whether failures in a row close it; a destination that is gone always does.
        budget: The requests that may be made by what the service publishes.
    """

    def __init__(self, concurrency: int, *, breaks: bool, budget: Budget = UNLIMITED) -> None:
        self._concurrency = concurrency
        self._budget = budget
        self._pacer = Pacer(concurrency)
        self._breaker = Breaker(THRESHOLD if breaks else None)
        self._begun: dict[int, float] = {}
        self._number = 0
        self._probe: int | None = None
        self._usual_duration = 0.0
        # nothing is known but how many requests may be under way, and a further yes would
        # change nothing: so it is with most destinations, most of the time
        self.calm = False

    @property
    def active(self) -> int:
        """Requests under way."""
        return len(self._begun)

    @property
    def gone(self) -> bool:
        """Whether the destination has said that it no longer exists."""
        return self._breaker.gone

    @property
    def broken(self) -> bool:
        """Whether the destination is taken as broken or gone, until a probe shows otherwise."""
        return self._breaker.open

    def shut_for(self, now: float) -> float | None:
        """Return the seconds for which it has been broken; infinite if it is denied or gone.

        None if it is as it should be.
        """
        if self._breaker.gone or self._breaker.denied:
            return inf
        return now - self._breaker.opened_at if self._breaker.open else None

    @property
    def requests_left(self) -> int | None:
        """Requests that may be made before there is a wait; None if no limit is known."""
        if self._breaker.open:
            return None
        told, published = self._pacer.remaining, self._budget.left
        if told is None or published is None:
            return published if told is None else told
        return min(told, published)

    def wait(self, now: float) -> float:
        """Return the seconds until a request may be made; infinite while a probe is under way."""
        if self.calm:
            return 0.0
        if self._pacer.unlimited and self._breaker.retry_at is None:
            return self._budget.wait(now)
        return max(self._pacer.wait(now), self._breaker.wait(now), self._budget.wait(now))

    def room(self) -> int:
        """Return how many requests may be made; ``wait`` was 0 just now."""
        if self.calm:
            return self._concurrency - len(self._begun)
        room = self._pacer.room(len(self._begun))
        return room if self._breaker.retry_at is None else min(room, 1)

    def begin(self, now: float) -> int:
        """Count a request that begins; return its number."""
        self._number += 1
        self._begun[self._number] = now
        if not self.calm:
            self._pacer.began(now)
            self._budget.spend(now)
            self._breaker.attempt()
            self._probe = self._number if self._breaker.open else None
        return self._number

    def abandon(self, number: int) -> None:
        """Note that a request ended without an answer of any kind; one that has ended stays so."""
        if self._begun.pop(number, None) is None:
            return
        if not self._precedes_probe(number):
            self._breaker.abandoned()

    def end(
        self,
        number: int,
        verdict: Verdict | None,
        allowance: Allowance | None,
        now: float,
        about: bytes | None = None,
    ) -> None:
        """Learn from the answer to a request.

        Args:
            number: From ``begin``.
            verdict: The judgement of its outcomes, from ``verdict_of``.
            allowance: The rate limit that the answer told.
            about: Tells the notification from others; None for several at once.
        """
        duration = now - self._begun.pop(number)
        self._usual_duration += (duration - self._usual_duration) * _SMOOTHING
        if self.calm and verdict is Verdict.ALIVE and allowance is None:
            return
        if verdict in (None, Verdict.FAILED) and self._precedes_probe(number):
            pass  # no news, and not the answer that is waited for
        elif verdict is None:
            self._breaker.abandoned()
        else:
            self._breaker.answered(verdict, now, about)
            if verdict is Verdict.ALIVE:
                self._pacer.accepted()
        if verdict is not Verdict.FAILED or allowance is not None:
            self._pacer.answered(allowance, now)
        self.calm = self._breaker.calm and self._pacer.calm and self._budget is UNLIMITED

    def _precedes_probe(self, number: int) -> bool:
        """Say whether a request was under way before the probe that is under way now."""
        return self._probe in self._begun and number != self._probe

    def hold(self, until: float) -> None:
        """Let nothing through before ``until``."""
        self.calm = False
        self._pacer.hold(until)

    def limited(
        self, began: float, after: float, now: float, longest: float | None = None
    ) -> float:
        """Let nothing through for as long as the destination asked; return until when.

        Args:
            longest: Seconds that it blocks for at most, if ``after`` is only the first guess.
        """
        self.calm = False
        return self._pacer.limited(began, after, now, longest)

    def probe_now(self, now: float) -> None:
        """Let the next request through to a broken or gone destination."""
        self._breaker.probe_now(now)

    def state(self, now: float) -> tuple[DestinationState, float | None]:
        """Return the destination's state, and the seconds until it is asked again."""
        if self._breaker.retry_at is not None:
            state = DestinationState.BROKEN
            if self._breaker.gone or self._breaker.denied:
                gone = self._breaker.gone
                state = DestinationState.GONE if gone else DestinationState.DENIED
            return state, max(self._breaker.retry_at - now, 0.0)
        wait = max(self._pacer.wait(now), self._budget.wait(now))
        return (DestinationState.RATE_LIMITED, wait) if wait > 0 else (DestinationState.OPEN, None)

    def expected_wait(self, now: float, queued: int, merged: int) -> float:
        """Estimate the seconds until all that waits would have been sent.

        A request that takes longer than usual counts as the time that it has taken so far.

        Args:
            merged: How many go into one request at most.
        """
        oldest = next(iter(self._begun.values()), now)
        each = max(self._usual_duration, now - oldest) / self._concurrency
        for rate in filter(None, (self._pacer.rate, self._budget.rate)):
            each = max(each, 1 / (rate * merged))
        wait = min(self.wait(now), _BROKEN_FOR)
        return queued * each + (_BROKEN_FOR if self._breaker.open else wait)

    def settled_down(self, now: float) -> bool:
        """Say whether nothing is under way and nothing is known that must be remembered."""
        probe_at = self._breaker.retry_at
        troubled = probe_at is not None and now < probe_at + _REMEMBERED_FOR
        return not self._begun and not troubled and self._pacer.wait(now) <= 0


def verdict_of(outcomes: Sequence[Outcome]) -> Verdict | None:
    """Judge the destination by the outcomes of a request; None if they say nothing about it.

    Args:
        outcomes: All of them, at least one.
    """
    if any(isinstance(outcome, Gone) for outcome in outcomes):
        return Verdict.GONE
    denials = [outcome for outcome in outcomes if isinstance(outcome, Denied)]
    if any(outcome.certain for outcome in denials):
        return Verdict.DENIED
    if len(denials) == len(outcomes):
        return Verdict.TURNED_AWAY
    if all(isinstance(outcome, Retry) and not outcome.target_alone for outcome in outcomes):
        return Verdict.FAILED
    if all(isinstance(outcome, RateLimited) for outcome in outcomes):
        return None
    return Verdict.ALIVE


PROBING = inf
"""``wait`` returns it while a probe is under way."""
