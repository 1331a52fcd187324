"""What time it is."""

import time


class Clock:
    """This machine's clocks.

    ``now`` is seconds since the epoch, for whoever looks at it; ``monotonic`` seconds that never
    jump.
    """

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
