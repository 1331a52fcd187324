"""How long the event loop stood still: a process that was stopped knows nothing of it."""

from app.values.clock import Clock


class Rounds:
    """Measures the time from one turn of the event loop to the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = self._clocks()

    def come_round(self) -> float:
        """Note that the loop came round; return the seconds since it last did.

        A machine that was suspended shows in the wall clock alone.
        """
        before, self._at = self._at, self._clocks()
        return max(at - then for at, then in zip(self._at, before, strict=True))

    def _clocks(self) -> tuple[float, float]:
        return self._clock.monotonic(), self._clock.now()
