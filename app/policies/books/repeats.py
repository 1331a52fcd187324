"""Repeats: the same message delivered in full a short while ago is not sent again."""

from collections import OrderedDict

WINDOW = 600.0
CAPACITY = 200_000


class Repeats:
    """Remembers messages that were delivered in full, by digest, for a while, in bounded memory.

    Args:
        window: Seconds that a delivery is remembered.
    """

    def __init__(self, window: float = WINDOW, capacity: int = CAPACITY) -> None:
        self._window = window
        self._capacity = capacity
        self._delivered: OrderedDict[bytes, float] = OrderedDict()
        self._look_at = 0.0  # nothing is to be forgotten before

    def __len__(self) -> int:
        return len(self._delivered)

    def remember(self, digest: bytes, now: float) -> None:
        """Note that the message with this digest was delivered in full.

        Args:
            digest: Of ``message_id`` and value.
            now: Monotonic seconds.
        """
        if digest in self._delivered:
            self._delivered.move_to_end(digest)
        self._delivered[digest] = now
        if now < self._look_at and len(self._delivered) <= self._capacity:
            return
        while len(self._delivered) > self._capacity or self._oldest() <= now - self._window:
            self._delivered.popitem(last=False)
        self._look_at = self._oldest() + self._window

    def is_repeat(self, digest: bytes, now: float) -> bool:
        """Say whether it was delivered in full within the window."""
        delivered = self._delivered.get(digest)
        return delivered is not None and delivered > now - self._window

    def _oldest(self) -> float:
        return next(iter(self._delivered.values()))
