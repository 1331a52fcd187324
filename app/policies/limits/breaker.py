"""A circuit breaker for one destination: whether it is worth asking now."""

from enum import StrEnum

THRESHOLD = 5
"""Failures in a row after which a destination is taken as broken."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
DENIALS = 3
"""Different notifications in a row that are not let in, after which it is about us."""
GONE_PAUSE = 3600.0


class Verdict(StrEnum):
    """An attempt's news about the destination, apart from the notification."""

    ALIVE = "alive"
    FAILED = "failed"
    TURNED_AWAY = "turned away"  # this notification, by its text or by who we are
    DENIED = "denied"  # it lets nothing of this service's in
    GONE = "gone"


class Breaker:
    """Opens on failures in a row, or if nothing is let in; half-opens with one probe.

    A destination that turns three different notifications away in a row has something against the
    sender. Pauses double from probe to probe. A destination that says it is gone is asked again
    only once in a long while. Times are monotonic seconds.

    Args:
        threshold: Failures in a row that open it; None for never, if nothing can be deferred
            and every notification is to have its attempts.
    """

    def __init__(self, threshold: int | None = THRESHOLD) -> None:
        self._threshold = threshold
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._probing = False
        self._turned_away: set[bytes] = set()
        self.gone = False
        self.denied = False
        self.retry_at: float | None = None
        self.opened_at = 0.0

    @property
    def open(self) -> bool:
        """Whether the destination is taken as broken or gone."""
        return self.retry_at is not None

    @property
    def calm(self) -> bool:
        """Whether a further yes would change nothing."""
        return self.retry_at is None and not self._failures and not self._turned_away

    def wait(self, now: float) -> float:
        """Return the seconds until an attempt may be made; infinite while the probe is out."""
        if self.retry_at is None:
            return 0.0
        return float("inf") if self._probing else max(self.retry_at - now, 0.0)

    def attempt(self) -> None:
        """Note that an attempt begins; while open it is the probe."""
        self._probing = self.open

    def abandoned(self) -> None:
        """Note that an attempt ended without telling anything."""
        self._probing = False

    def answered(self, verdict: Verdict, now: float, about: bytes | None = None) -> None:
        """Note the result of an attempt.

        Args:
            verdict: About the destination.
            about: Tells the notification from others; None for several at once.
        """
        was_probe, self._probing = self._probing, False
        match verdict:
            case Verdict.ALIVE:
                self._close()
            case Verdict.GONE:
                self.gone = True
                self.retry_at = now + GONE_PAUSE
            case Verdict.TURNED_AWAY:
                if about is not None and len(self._turned_away) < DENIALS:
                    self._turned_away.add(about)
                if was_probe or (not self.open and len(self._turned_away) >= DENIALS):
                    self._deny(now)
            case Verdict.DENIED:
                self._deny(now)
            case Verdict.FAILED:
                self._failures += 1
                # Requests that were under way when it opened end after that, and tell nothing new.
                if was_probe or (not self.open and self._failed_enough()):
                    self._open(now)

    def probe_now(self, now: float) -> None:
        """Let the next attempt be made at once: somebody says that it is worth asking."""
        if self.retry_at is not None:
            self.retry_at = min(self.retry_at, now)

    def _failed_enough(self) -> bool:
        return self._threshold is not None and self._failures >= self._threshold

    def _deny(self, now: float) -> None:
        if self._threshold is not None:
            self._open(now)
            self.denied = True

    def _open(self, now: float) -> None:
        if self.retry_at is None:
            self.opened_at = now
        self.gone = self.denied = False
        self.retry_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _close(self) -> None:
        self.gone = self.denied = False
        self.retry_at = None
        self._failures = 0
        self._turned_away.clear()
        self._pause = FIRST_PAUSE
