"""The contract of a channel."""

from collections.abc import Sequence
from typing import Protocol

from app.values.delivery import Delivery
from app.values.outcome import Answer


class Channel(Protocol):
    """Delivers to one kind of destination, and says what became of it.

    Attributes:
        name: ``discord``, ``webhook``, ``email`` or ``console``.
        most_merged: How many deliveries to one destination go into one request at most.
        in_order: Whether a destination gets what a partition holds in the partition's order, and so
            one request at a time: people read chats from top to bottom.
    """

    name: str
    most_merged: int = 1
    in_order: bool = False

    def prepare(self, delivery: Delivery) -> None:
        """Do in advance, and once, what takes long: a delivery is about to wait for its turn."""
        del delivery

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Make one attempt with one request.

        Never raises for anything a destination does or does not do.

        Args:
            deliveries: To one destination. Just one, where the channel merges none.
        """
        ...

    def ask_again(self) -> None:
        """Forget what the destination refused: somebody says that it is worth asking now."""
        return

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether one more delivery fits into the request of others."""
        del deliveries, more
        return False
