"""Servers in a thread with an event loop of its own, for tests that block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

SECONDS = 10


class Server(Protocol):
    """What can be started and stopped."""

    async def start(self) -> None:
        """Listen."""
        ...

    async def stop(self) -> None:
        """Close the listener and every connection."""
        ...


@contextmanager
def in_thread(server: Server) -> Iterator[None]:
    """Run a server until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=type(server).__name__, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(SECONDS)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
