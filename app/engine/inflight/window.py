"""How much this worker holds at once: notifications, and their bytes."""

from collections.abc import Iterable
from typing import Final

from app.engine.inflight.item import Item

MAX_BYTES: Final = 64 * 1024 * 1024
CROWDED: Final = 2000
"""Notifications in the window from which on those that join a long line are packed."""
FULL: Final = 0.75
"""The share of the window from which on slow lanes make room."""


class Window:
    """Counts what was received and is not settled.

    Args:
        most: Items at most.

    Attributes:
        most: Items at most.
        count: Items in it.
        size: Bytes of their records.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self.size = 0

    def enter(self, item: Item) -> None:
        """Count one more."""
        self.count += 1
        self.size += len(item.record.value or b"")

    def leave(self, item: Item) -> None:
        """Count one less."""
        self.count -= 1
        self.size -= len(item.record.value or b"")

    def reset(self, items: Iterable[Item]) -> None:
        """Count anew what is left."""
        self.count = self.size = 0
        for item in items:
            self.count += 1
            self.size += item.size

    @property
    def crowded(self) -> bool:
        """Whether there are so many that what waits for long should take less memory."""
        return self.count > CROWDED

    @property
    def room(self) -> int:
        """How many more may be taken."""
        return 0 if self.size >= MAX_BYTES else self.most - self.count

    @property
    def nearly_full(self) -> bool:
        """Whether there is hardly room for more, though some of it may be on its way out."""
        return self.excess(0) > 0

    def excess(self, leaving: int) -> int:
        """Return how many items there are too many.

        Args:
            leaving: How many make room as soon as they are written.
        """
        excess = self.count - leaving - int(self.most * FULL)
        if self.size > MAX_BYTES * FULL and self.count:
            surplus = self.size - MAX_BYTES * FULL
            excess = max(excess, int(surplus * self.count / self.size) - leaving)
        return excess
