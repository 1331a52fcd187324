"""When a record of a retry topic comes due, even if clocks are wrong. Pure.

A record is due when its topic's delay has passed since it was appended, and both are told by
clocks, which may be wrong and may jump. But wherever a log's end has been seen, something is
certain: what stands below it was there, and what stands from it on was written later. So of what
was written while somebody looked the clocks say no more than when exactly, between two looks.
Nothing is due before the first look: what is taken and deferred again would stand behind it, at no
known time, and be due again, and again, by clocks that are wrong.
"""

from bisect import bisect_right
from math import inf

FINENESS = 32
"""Parts of a delay that two sightings are apart at least: so that those kept are few."""
FIRST_LOOK = 10.0
"""Seconds that the first look is waited for at most; then the clocks alone are believed."""


class Sightings:
    """The end of a partition's log, and when it was seen there.

    All times are seconds of a clock that never jumps.

    Args:
        delay: Seconds that the partition's records wait.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._wanted: float | None = None  # since then the first look is waited for
        self._ends: list[int] = []
        self._asked: list[float] = []  # records from the end on were written after this
        self._told: list[float] = []  # records below it were there at this time

    def saw(self, end: int, asked: float, told: float) -> None:
        """Take note of the offset that the next record would get.

        Args:
            end: As the broker had it at some time between the other two.
        """
        while self._ends and self._ends[-1] > end:  # the log has lost its tail
            self._drop(-1)
        if self._ends and self._ends[-1] == end:
            self._asked[-1] = asked
            return
        if len(self._ends) > 1 and told - self._told[-2] < self._delay / FINENESS:
            self._drop(-1)
        self._ends.append(end)
        self._asked.append(asked)
        self._told.append(told)
        while len(self._ends) > 1 and self._told[1] < told - self._delay:
            self._drop(0)

    @property
    def empty(self) -> bool:
        """Whether nobody has looked yet."""
        return not self._ends

    def due_in(self, offset: int, by_clock: float, now: float) -> float:
        """Return the seconds until a record is due; none are left if it is.

        Args:
            offset: Of the record, which is there.
            by_clock: The same by the clocks: it is taken as long as it can be true.
        """
        if self.empty:
            if self._wanted is None:
                self._wanted = now
            if (first_look := self._wanted + FIRST_LOOK - now) > 0:
                return first_look
        place = bisect_right(self._ends, offset)
        after = self._asked[place - 1] if place else -inf
        before = self._told[place] if place < len(self._told) else now
        earliest = after + self._delay - now
        latest = before + self._delay - now
        return by_clock if earliest <= by_clock <= latest else latest

    def _drop(self, place: int) -> None:
        for times in (self._ends, self._asked, self._told):
            del times[place]
