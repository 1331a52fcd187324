"""Limits that services publish and do not tell: kept before anybody is blocked for them.

DingTalk blocks a robot for ten minutes over one message too many. Its limit belongs to the robot's
secret, and neither the other workers of the group nor another process with the same robot can be
seen from here. So a budget fills at a steady rate and holds little: whoever had it before, and
whenever this worker came, no period sees more requests than the limit allows.
"""

from collections.abc import Container, Hashable, Sequence

from app.values.channel import PublishedLimit

USED = 0.9
"""Part of a limit that is used: others may use the same robot."""
AT_ONCE = 1 / 3
"""Part of that which may be spent at once, after a quiet time; the rest comes back evenly."""
SOON = 2.0
"""Seconds; whatever has room within them is not worth putting together with others."""
SMALLEST_SHARE = 0.001


class Budget:
    """The requests that may be made to one destination. Times are monotonic seconds.

    Args:
        limits: As published; none for a destination without any.
        share: This worker's part of them, from 0 to 1.
        now: The time. It is empty: whoever was here before may have spent everything.
    """

    __slots__ = ("_at", "_limits", "_rooms", "_share")

    def __init__(
        self, limits: Sequence[PublishedLimit], share: float = 1.0, now: float = 0.0
    ) -> None:
        self._limits = tuple(limits)
        self.begin(share, now)

    def begin(self, share: float, now: float) -> None:
        """Begin anew, empty, with another part of the limits."""
        self._share = max(share, SMALLEST_SHARE)
        self._rooms = [0.0] * len(self._limits)
        self._at = now

    @property
    def rate(self) -> float | None:
        """Requests a second in the long run; None without limits."""
        return min(map(self._rate, self._limits), default=None)

    def full(self, now: float) -> bool:
        """Say whether nothing was spent that has not come back."""
        self._fill(now)
        return self._rooms == [self._most(limit) for limit in self._limits]

    def wait(self, now: float) -> float:
        """Return the seconds until a request may be made."""
        if not self._limits:
            return 0.0
        self._fill(now)
        rooms = zip(self._limits, self._rooms, strict=True)
        return max((1.0 - min(room, 1.0)) / self._rate(limit) for limit, room in rooms)

    @property
    def left(self) -> int | None:
        """Requests that may be made soon, at least one, as of the last ``wait``; None for any."""
        if not self._limits:
            return None
        rooms = zip(self._limits, self._rooms, strict=True)
        return max(int(min(room + self._rate(limit) * SOON for limit, room in rooms)), 1)

    def spend(self, now: float) -> None:
        """Count a request."""
        if self._limits:
            self._fill(now)
            self._rooms = [room - 1.0 for room in self._rooms]

    def _fill(self, now: float) -> None:
        passed, self._at = now - self._at, now
        self._rooms = [
            min(room + passed * self._rate(limit), self._most(limit))
            for limit, room in zip(self._limits, self._rooms, strict=True)
        ]

    def _most(self, limit: PublishedLimit) -> float:
        """Return the requests that may be made at once."""
        return max(limit.requests * USED * self._share * AT_ONCE, 1.0)

    def _rate(self, limit: PublishedLimit) -> float:
        """Return the requests a second that come back.

        As many as keep the limit together with what may be spent at once. A share of hardly one
        request keeps it on average.
        """
        ours = limit.requests * USED * self._share
        return max(ours - self._most(limit), ours * AT_ONCE) / limit.seconds


UNLIMITED = Budget(())
"""Of destinations whose service tells its limits, or has none."""


class Budgets:
    """The budgets of all destinations; they outlive lanes.

    The workers of a group divide each limit: together they spend what one alone would.
    """

    def __init__(self, now: float) -> None:
        self._share = 1.0
        self._since = now
        self._known: dict[Hashable, Budget] = {}

    def of(self, name: Hashable, limits: Sequence[PublishedLimit]) -> Budget:
        """Return a destination's budget.

        Args:
            limits: As its service publishes them.
        """
        if not limits:
            return UNLIMITED
        budget = self._known.get(name)
        if budget is None:
            # Nothing was spent there since this worker has had its share.
            budget = self._known[name] = Budget(limits, self._share, self._since)
        return budget

    def begin(self, share: float, now: float) -> None:
        """Begin anew with a share from 0 to 1 of every limit: others had another one until now."""
        self._share, self._since = share, now
        for budget in self._known.values():
            budget.begin(share, now)

    def forget_full(self, used: Container[Hashable], now: float) -> None:
        """Forget the budgets that are like those of destinations that nobody has written to.

        Args:
            used: Destinations that somebody has the budgets of.
        """
        self._known = {
            name: budget
            for name, budget in self._known.items()
            if name in used or not budget.full(now)
        }
