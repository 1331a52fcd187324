"""Rate limits that are learned from destinations' answers."""

import math
from collections import deque

from app.values.channel import RefusalLimit
from app.values.outcome import Allowance

LONGEST_PERIOD = 3600.0
"""Seconds; a destination that names a longer period is asked again before it ends."""
FIRST_DOUBT = 0.05
LONGEST_DOUBT = 10.0
"""Seconds; a destination that goes on refusing is not believed to want less than this."""


class Pacer:
    """How many requests may be made to one destination, and when.

    It starts with one at a time, until an answer has shown whether there is a limit. A stated limit
    is kept: no more requests than the destination says are left until its next period, and in that
    one as many as in this. Times are monotonic seconds.

    Args:
        concurrency: Requests under way at most, even if the destination allows more.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._learned = False
        self._limit: int | None = None
        self._period = 0.0
        self._reset_at = 0.0
        self._fresh = False
        self._guessed = False
        self._doubt = 0.0
        self._limits_in_a_row = 0
        self._limited_at = -math.inf
        self.remaining: int | None = None
        self.held_until: float | None = None

    @property
    def rate(self) -> float | None:
        """Requests a second that the destination allows; None if that is not known."""
        return self._limit / self._period if self._limit and self._period > 0 else None

    @property
    def unlimited(self) -> bool:
        """Whether nothing is known that would let a request wait."""
        return self.remaining is None and self.held_until is None

    @property
    def calm(self) -> bool:
        """Whether a further yes without a limit would change nothing."""
        return self._learned and self.unlimited and not self._doubt and not self._limits_in_a_row

    def wait(self, now: float) -> float:
        """Return the seconds until a request may be made, as far as limits go."""
        held = 0.0
        if self.held_until is not None:
            held = self.held_until - now
            if held <= 0:
                self.held_until, held = None, 0.0
        if self.remaining is not None and now >= self._reset_at and not self._fresh:
            # Unsaid, or said without sense, how many a period allows: one request finds out.
            self.remaining = self._limit or 1
            self._fresh = True
        return max(held, self._reset_at - now) if self.remaining == 0 else held

    def room(self, active: int) -> int:
        """Return how many more requests may begin; ``wait`` was 0 just now."""
        concurrency = self._concurrency if self._learned else 1
        most = max(concurrency - active, 0)
        return most if self.remaining is None else min(most, self.remaining)

    def began(self, now: float) -> None:
        """Count a request that begins."""
        if self.remaining is None:
            return
        self.remaining = max(self.remaining - 1, 0)
        if self._fresh:  # the period begins with its first request, and is as long as the last one
            self._fresh, self._guessed = False, True
            self._reset_at = now + self._period

    def answered(self, allowance: Allowance | None, now: float) -> None:
        """Learn from an answer; one without an allowance shows that there is no stated limit."""
        self._learned = True
        if allowance is None:
            return
        reset_at = now + min(allowance.reset_after, LONGEST_PERIOD)
        # Answers come in any order and do not count what is still under way: within a period the
        # lower figure holds.
        if self.remaining is not None and now < self._reset_at:
            self.remaining = min(self.remaining, allowance.remaining)
            self._reset_at = reset_at if self._guessed else max(self._reset_at, reset_at)
            new_period = self._guessed
        else:
            self.remaining, self._reset_at = allowance.remaining, reset_at
            new_period = True
        if new_period:
            self._period = reset_at - now
        self._fresh = self._guessed = False
        self._limit = allowance.limit

    def limited(
        self, began: float, after: float, now: float, longest: float | None = None
    ) -> float:
        """Heed a refusal that asks for patience; return until when nothing is sent.

        A destination that refuses again after the time that it named itself is asked less and less
        often: it could keep the worker as busy as the network is fast. For how long one blocks that
        names no time is found out by waiting twice as long each time.

        Args:
            began: When the refused request began; one that was under way at the last refusal is
                refused for the same reason.
            longest: Seconds that it blocks for at most, if ``after`` is only the first guess.
        """
        if longest is not None:
            after = min(after * 2.0 ** min(self._limits_in_a_row, 32), longest)
        if began >= self._limited_at:
            self._limits_in_a_row += 1
            until = now + max(after, self._doubt)
            self._doubt = min(max(self._doubt * 2, FIRST_DOUBT), LONGEST_DOUBT)
            self._limited_at = now
        else:
            until = now + after
        self.hold(until)
        return until

    def accepted(self) -> None:
        """Note that the destination has let a request through."""
        self._doubt = 0.0
        self._limits_in_a_row = 0

    def hold(self, until: float) -> None:
        """Make no request before ``until``."""
        self.held_until = until if self.held_until is None else max(self.held_until, until)


class InvalidRequests:
    """A budget of refused requests, which services such as Discord ban whole addresses for.

    From half of it on, requests are spaced so that the budget lasts for the rest of the window.
    Times are monotonic seconds.

    Args:
        limit: How many there may be.
    """

    def __init__(self, limit: RefusalLimit) -> None:
        self._budget = limit.budget
        self._window = limit.window
        self._refused: deque[float] = deque()

    def idle(self, now: float) -> bool:
        """Say whether nothing was refused within the window."""
        return not self._refused or self._refused[-1] <= now - self._window

    def refused(self, now: float) -> float:
        """Count a refused request; return the seconds to send nothing for."""
        self._refused.append(now)
        while self._refused[0] <= now - self._window:
            self._refused.popleft()
        left = self._budget - len(self._refused)
        if left > self._budget / 2:
            return 0.0
        oldest_leaves = self._refused[0] + self._window - now
        return oldest_leaves / max(left, 1)
