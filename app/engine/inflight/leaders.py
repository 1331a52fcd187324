"""Repeats: who came first, and who waits for what becomes of that one."""

from collections.abc import Callable

from app.engine.inflight.item import Item
from app.policies.books.repeats import Repeats


class Leaders:
    """Knows which items lead: others with the same bytes wait for their outcome.

    Args:
        repeats: What was delivered in full a short while ago.
    """

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._leaders: dict[bytes, Item] = {}

    def __len__(self) -> int:
        return len(self._leaders)

    def is_known(self, item: Item) -> bool:
        """Say whether the same was delivered in full a short while ago."""
        return self._repeats.is_repeat(item.digest, item.received_at)

    def of(self, item: Item) -> Item:
        """Return who leads: the item itself if it is the first with its bytes."""
        return self._leaders.setdefault(item.digest, item)

    def lead(self, item: Item) -> None:
        """Let an item lead."""
        self._leaders[item.digest] = item

    def step_down(self, item: Item) -> bool:
        """Let an item lead no longer; say whether it did."""
        if self._leaders.get(item.digest) is not item:
            return False
        del self._leaders[item.digest]
        return True

    def remember(self, item: Item, now: float) -> None:
        """Note that an item was delivered in full, at ``now`` (monotonic seconds)."""
        self._repeats.remember(item.digest, now)

    def gone(self, is_held: Callable[[Item], bool]) -> list[Item]:
        """Let go of leaders whose partitions are gone, and return them."""
        gone = [leader for leader in self._leaders.values() if not is_held(leader)]
        for leader in gone:
            del self._leaders[leader.digest]
        return gone


def is_compared(item: Item) -> bool:
    """Say whether repeats of it are recognised: with ``message_id``, from a consumed topic."""
    told = item.notification
    return told is not None and told.message_id is not None and item.before is None
