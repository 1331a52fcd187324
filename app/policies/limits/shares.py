"""Shares of the window: how much of it one party's destinations may have under way."""

import weakref
from itertools import count

SLOW = 2.0
"""Seconds; a request that takes longer keeps room from others, if it fails in the end."""
LEAST = 16


class Shares:
    """Divides the window between parties, each the owner of a domain.

    A delivery that hangs keeps its place in the window until its time-out, and one party can have
    any number of addresses. So a party that has never answered may have a quarter of the window
    under way, and all of those together half of it. The others are free until requests under
    way take half of the window; then each keeps to its share: a quarter at first; one more with
    every request that ends soon, or well, up to seven eighths; half as many with every one that
    hangs, down to a sixteenth.
    Times are monotonic seconds.

    Args:
        window: Notifications taken and unsettled at most.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.most = max(window * 7 // 8, LEAST)
        self.first = max(window // 4, LEAST)
        self.least = max(window // 16, LEAST)
        self.strangers_most = max(window // 2, LEAST)
        self.strangers: dict[int, float] = {}  # when requests under way began, the oldest first
        self.active = 0
        self.numbers = count()
        self._of: weakref.WeakValueDictionary[str, Share] = weakref.WeakValueDictionary()

    def of(self, domain: str) -> "Share":
        """Return the share of a party; it is forgotten with the last one that holds it."""
        share = self._of.get(domain)
        if share is None:
            share = self._of[domain] = Share(self)
        return share


class Share:
    """One party's share."""

    __slots__ = ("__weakref__", "_all", "_allowed", "_begun", "_hung", "_known")

    def __init__(self, everybody: Shares) -> None:
        self._all = everybody
        self._allowed = everybody.first
        self._begun: dict[int, float] = {}  # when, by number; the oldest first
        self._known = False
        self._hung = False

    @property
    def room(self) -> int:
        """How many more requests may begin."""
        everybody = self._all
        if not self._known:
            among = everybody.strangers_most - len(everybody.strangers)
            return max(min(everybody.first - len(self._begun), among), 0)
        if everybody.active * 2 < everybody.window:
            return everybody.window
        return max(self._allowed - len(self._begun), 0)

    def hangs(self, now: float) -> bool:
        """Say whether what has no room may have to wait for long: for requests that hang."""
        waits_for = self._begun if self._known else self._all.strangers
        oldest = next(iter(waits_for.values()), now)
        return self._hung or now - oldest > SLOW

    def begin(self, now: float) -> int:
        """Count a request that begins; return its number."""
        everybody = self._all
        number = next(everybody.numbers)
        self._begun[number] = now
        everybody.active += 1
        if not self._known:
            everybody.strangers[number] = now
        return number

    def end(self, number: int, now: float, *, failed: bool) -> None:
        """Learn from how a request ended.

        Args:
            number: From ``begin``.
            failed: The destination did not do its part: no connection, no answer, 5xx.
        """
        everybody = self._all
        began = self._begun.pop(number)
        everybody.active -= 1
        if everybody.strangers:
            everybody.strangers.pop(number, None)
        self._hung = failed and now - began > SLOW
        if self._hung:
            self._allowed = max(self._allowed // 2, everybody.least)
            return
        if self._allowed < everybody.most:
            self._allowed += 1
        self._known = self._known or not failed
