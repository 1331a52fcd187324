"""The brokers' time: the one clock of due times, ages and lifetimes. Pure.

Append times are the brokers'. What this machine's clock says beside them may be anything, and may
change at any moment.
"""

PATIENCE = 30.0
"""Seconds that two clocks may differ by before anybody is told."""


class BrokerClock:
    """Goes on from the time that a broker said last.

    Brokers say it whenever they append a record to a topic with ``LogAppendTime``. The last word
    counts and not the highest, so that one jump does not last. Until there is one, this machine's
    clock is all there is.
    """

    def __init__(self) -> None:
        self._lead: float | None = None  # of the broker's clock over the monotonic one
        self._said_at = 0.0

    def said(self, append_time: float, monotonic: float) -> None:
        """Take a broker's word.

        Args:
            append_time: Seconds since the epoch at which it appended something just now.
            monotonic: Seconds that never jump, now.
        """
        self._lead = append_time - monotonic
        self._said_at = monotonic

    def now(self, local: float, monotonic: float) -> float:
        """Return seconds since the epoch.

        Args:
            local: The same by this machine's clock.
            monotonic: Seconds that never jump.
        """
        return local if self._lead is None else self._lead + monotonic

    def age(self, monotonic: float) -> float | None:
        """Return the seconds since a broker's last word; None if there was none."""
        return None if self._lead is None else monotonic - self._said_at

    def difference(self, local: float, monotonic: float) -> float | None:
        """Return the seconds that this machine's clock is ahead of the brokers', or None.

        Negative if it is behind; None as long as no broker has named a time.
        """
        return None if self._lead is None else local - (self._lead + monotonic)
