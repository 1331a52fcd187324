"""The time at which a lane looks again what it may send."""

import asyncio
from collections.abc import Callable
from typing import Final

from app.engine.clock import EngineClock

TICK: Final = 0.001
"""Seconds that a timer is set for at least: some loops know no shorter time."""


class Alarm:
    """Goes off once, at the earliest of the times that it was set to.

    Args:
        clock: Tells the time.
        ring: Called when it goes off.

    Attributes:
        at: When that is (monotonic seconds), or None. It is kept here, because not every event
            loop's handles can tell it.
    """

    def __init__(self, clock: EngineClock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: asyncio.Handle | None = None
        self.at: float | None = None

    def set(self, moment: float) -> None:
        """Go off then (monotonic seconds), or before."""
        if self.at is not None and self.at <= moment:
            return
        self.cancel()
        self.at = moment
        wait = max(moment - self._clock.monotonic(), TICK)
        self._timer = asyncio.get_running_loop().call_later(wait, self._go_off)

    def cancel(self) -> None:
        """Do not go off."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.at = None

    def _go_off(self) -> None:
        self._timer = self.at = None
        self._ring()
