"""Clocks."""

import time


class Clock:
    """This machine's clocks.

    ``now`` is seconds since the epoch, for people; ``monotonic`` is seconds that never
    jump.
    """

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
