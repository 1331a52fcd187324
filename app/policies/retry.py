"""When to try again."""

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True):
    """Exponential back-off with full jitter, a fixed number of attempts.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Attributes:
        max_attempts: Attempts in all, the first one included.
        base_delay: Seconds; the first delay lies between 0 and this.
        max_delay: Seconds; the longest delay.
    """

    max_attempts: int
    base_delay: float
    max_delay: float

    def exhausted(self, attempts: int) -> bool:
        """Say whether that many attempts are all there are."""
        return attempts >= self.max_attempts

    def delay(self, attempts: int, chance: float, asked: float | None = None) -> float:
        """Return the seconds to wait after a failed attempt.

        Args:
            attempts: Attempts made so far, at least 1.
            chance: A random number between 0 and 1.
            asked: Seconds the destination asked for; never wait less.
        """
        ceiling = min(self.max_delay, self.base_delay * 2.0 ** min(attempts - 1, 32))
        return max(ceiling * chance, asked or 0.0)
