"""When to try again, and for how long."""

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True):
    """Exponential back-off with full jitter in memory, then deferring until a notification is old.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    max_attempts: int  # attempts in memory, the first one included
    base_delay: float  # seconds; the first delay lies between 0 and this
    max_delay: float  # seconds; the longest delay in memory
    # seconds from the first failure until a notification is given up; 0 gives it up when its
    # attempts in memory are used up
    max_age: float = 0.0

    @property
    def defers(self) -> bool:
        """Whether notifications that cannot be delivered now are deferred."""
        return self.max_age > 0

    def exhausted(self, attempts: int, *, deferred: bool) -> bool:
        """Say whether a notification has had its attempts for now.

        Args:
            attempts: Attempts since it was received.
            deferred: It comes from a retry topic: it gets one attempt each time it is due.
        """
        return attempts >= (1 if deferred and self.defers else self.max_attempts)

    def too_old(self, first_failure: float | None, now: float) -> bool:
        """Say whether a notification is not to be deferred once more.

        Args:
            first_failure: Seconds since the epoch, or None.
            now: Seconds since the epoch.
        """
        return first_failure is not None and now - first_failure >= self.max_age

    def delay(self, attempts: int, chance: float, asked: float | None = None) -> float:
        """Return the seconds to wait after a failed attempt.

        Args:
            attempts: Attempts made so far, at least 1.
            chance: A random number between 0 and 1.
            asked: Seconds the destination asked for; never wait less.
        """
        ceiling = min(self.max_delay, self.base_delay * 2.0 ** min(attempts - 1, 32))
        return max(ceiling * chance, asked or 0.0)
