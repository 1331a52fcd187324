"""What people have this worker do, and who did it, for the page; the log has every request."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from app.values.control import Deed

KEPT: Final = 50


class Deeds:
    """The last things that were done, in memory."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._deeds: deque[Deed] = deque(maxlen=KEPT)
        self._number = 0

    def add(self, who: str, what: str) -> None:
        """Write down what was done.

        Args:
            who: The name of the key that it was done with, or ``this machine``.
            what: In words that stand alone, without secrets.
        """
        self._number += 1
        at = self._now().isoformat(timespec="seconds")
        self._deeds.append(Deed(self._number, at, who, what))

    def after(self, number: int) -> list[Deed]:
        """Return what was done after that one, oldest first; all that is kept, after 0."""
        return [each for each in self._deeds if each.number > number]

    @property
    def newest(self) -> list[Deed]:
        """What was done, newest first."""
        return list(reversed(self._deeds))
