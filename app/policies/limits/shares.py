"""Shares of the window: how much of it one party's destinations may have under way."""

import weakref

SLOW = 2.0
"""Seconds; a failure that took longer is one that kept room from others."""
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
        self.strangers = 0
        self.active = 0
        self._of: weakref.WeakValueDictionary[str, Share] = weakref.WeakValueDictionary()

    def of(self, domain: str) -> "Share":
        """Return the share of a party; it is forgotten with the last one that holds it."""
        share = self._of.get(domain)
        if share is None:
            share = self._of[domain] = Share(self)
        return share


class Ticket:
    """A request that is under way."""

    __slots__ = ("began", "stranger")

    def __init__(self, began: float, *, stranger: bool) -> None:
        self.began = began
        self.stranger = stranger


class Share:
    """One party's share."""

    __slots__ = ("__weakref__", "_active", "_all", "_allowed", "_known")

    def __init__(self, everybody: Shares) -> None:
        self._all = everybody
        self._allowed = everybody.first
        self._active = 0
        self._known = False

    @property
    def room(self) -> int:
        """How many more requests may begin."""
        everybody = self._all
        if not self._known:
            among = everybody.strangers_most - everybody.strangers
            return max(min(everybody.first - self._active, among), 0)
        if everybody.active * 2 < everybody.window:
            return everybody.window
        return max(self._allowed - self._active, 0)

    def begin(self, now: float) -> Ticket:
        """Count a request that begins."""
        self._active += 1
        self._all.active += 1
        self._all.strangers += not self._known
        return Ticket(now, stranger=not self._known)

    def end(self, ticket: Ticket, now: float, *, failed: bool) -> None:
        """Learn from how a request ended.

        Args:
            ticket: From ``begin``.
            now: When it ended.
            failed: The destination did not do its part: no connection, no answer, 5xx.
        """
        self._active -= 1
        self._all.active -= 1
        self._all.strangers -= ticket.stranger
        if failed and now - ticket.began > SLOW:
            self._allowed = max(self._allowed // 2, self._all.least)
            return
        self._allowed = min(self._allowed + 1, self._all.most)
        self._known = self._known or not failed
