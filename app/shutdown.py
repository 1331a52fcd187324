"""Graceful shutdown: the worker drains from the moment of the signal.

uvicorn waits for open responses before it ends the lifespan, so an open event stream would keep the
worker from ever draining. Therefore this handler stands in front of uvicorn's: it closes the event
streams and begins to drain at the signal, then calls the one it replaced.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import uvicorn

from app.edges.terminal import say
from app.faces.service import Service

OPEN_REQUESTS_TIMEOUT = 2
"""Seconds that requests may take to end once a signal has come."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Shutdown:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._previous: dict[int, Any] = {}
        self._drain: asyncio.Task[None] | None = None
        self.signalled = asyncio.Event()

    def install(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)

    def uninstall(self) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signalled.is_set():
            os._exit(1)  # a second signal: at once, even if deliveries are under way
        name = signal.Signals(number).name
        self.signalled.set()
        # No newline of the terminal's own "^C" line is ours to add; the guide shows it like this.
        say(f"Received {name}, shutting down gracefully...")
        self._loop.call_soon_threadsafe(self._begin)
        previous = self._previous.get(number)
        server = getattr(previous, "__self__", None)
        if isinstance(server, uvicorn.Server):
            # A client that has stopped reading its event stream must not hold the exit.
            server.config.timeout_graceful_shutdown = OPEN_REQUESTS_TIMEOUT
        if callable(previous):
            previous(number, frame)

    def _begin(self) -> None:
        self._service.closing.set()
        self._drain = asyncio.create_task(self._stop(), name="drain")

    async def _stop(self) -> None:
        say("Stopping worker...")
        started = time.monotonic()
        await self._service.starter.stop()
        say(f"Worker stopped successfully in {time.monotonic() - started:.2f}s")

    async def finish(self) -> None:
        if self._drain is None:
            self._begin()
        if self._drain is not None:
            await self._drain


@asynccontextmanager
async def graceful_shutdown(service: Service) -> AsyncIterator[asyncio.Event]:
    """Drain the worker at the first SIGINT or SIGTERM, or at the end of the block.

    Yields:
        An event that is set at the signal.
    """
    shutdown = _Shutdown(service)
    shutdown.install()
    try:
        yield shutdown.signalled
    finally:
        await shutdown.finish()
        shutdown.uninstall()
