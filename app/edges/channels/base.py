"""The contract of a channel."""

from collections.abc import Sequence
from typing import Protocol

from app.values.delivery import Delivery
from app.values.outcome import Outcome


class Channel(Protocol):
    """Delivers to one kind of destination, and says what became of it."""

    @property
    def name(self) -> str:
        """``discord``, ``webhook``, ``email`` or ``console``."""
        ...

    async def send(self, delivery: Delivery) -> Sequence[Outcome]:
        """Make one attempt and return one outcome for each of ``delivery.targets``, in order.

        Never raises for anything a destination does or does not do.
        """
        ...
