"""What time it is for the engine: by this machine's clocks, and by the brokers'."""

from app.policies.limits.broker_clock import BrokerClock
from app.values.clock import Clock


class EngineClock(Clock):
    """Tells the brokers' time beside this machine's: due times, ages and lifetimes go by it."""

    def __init__(self) -> None:
        self._brokers = BrokerClock()

    def broker_now(self) -> float:
        """Return seconds since the epoch by the brokers' clock, as far as that is known."""
        return self._brokers.now(self.now(), self.monotonic())

    def broker_said(self, append_time: float) -> None:
        """Set the brokers' clock by what one of them said just now (seconds since the epoch)."""
        self._brokers.said(append_time, self.monotonic())

    def broker_age(self) -> float | None:
        """Return the seconds since a broker's last word; None if there was none."""
        return self._brokers.age(self.monotonic())

    def ahead_of_brokers(self) -> float | None:
        """Return the seconds that this machine's clock is ahead of the brokers', if known."""
        return self._brokers.difference(self.now(), self.monotonic())
