"""What a test's server has received, waited for from any thread or event loop."""

import asyncio
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.received: list[T] = []  # in the order of arrival
        self._arrived = threading.Condition()

    def keep(self, arrived: T) -> None:
        """Keep one more."""
        with self._arrived:
            self.received.append(arrived)
            self._arrived.notify_all()

    def wait(self, count: int, timeout: float = 10.0) -> list[T]:
        """Block until so many have come; from another thread than the server's."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, timeout):
                raise AssertionError(f"{len(self.received)} of {count} came in {timeout} s")
            return list(self.received)

    async def wait_for(self, count: int, timeout: float = 10.0) -> list[T]:
        """Wait until so many have come; from any event loop."""
        return await asyncio.to_thread(self.wait, count, timeout)
