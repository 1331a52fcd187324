"""The pool of open connections."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from app.edges.http.connection import IDLE_SECONDS, Connection
from app.edges.http.dialing import Dialer
from app.edges.http.port import HttpConnectionError
from app.edges.http.request import Origin

_CLOSED = "the HTTP port was closed"


class Pool:
    """Keeps connections, by origin: the one used last is used next, so that the others expire.

    It sets no limit: there are never more connections than requests under way at once.

    Args:
        dialer: Makes new ones.
        idle_seconds: How long one is kept that nobody uses.
    """

    def __init__(self, dialer: Dialer, idle_seconds: float = IDLE_SECONDS) -> None:
        self._dialer = dialer
        self._idle_seconds = idle_seconds
        self._closed = False
        self._dialling: set[asyncio.Timeout] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._all: set[Connection] = set()
        self._idle: dict[Origin, dict[Connection, None]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """Return a connection that can carry a request now; None if a new one must be made."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            if connection.is_quiet():
                return connection
            connection.close()
        return None

    def spawn(self, dialling: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run what makes a new connection, and send what waits for it, in a task."""
        task = asyncio.create_task(dialling, name="connect to a destination")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def connect(self, origin: Origin, deadline: float) -> Connection:
        """Make a new connection.

        Args:
            origin: Whom to.
            deadline: The event loop's time at which to stop trying.

        Raises:
            HttpConnectionError: No connection could be made.
            ForbiddenAddressError: The guard refuses.
            TimeoutError: It took too long.
        """
        if self._closed:
            raise HttpConnectionError(_CLOSED)
        make = partial(Connection, origin, self, self._idle_seconds)
        try:
            async with asyncio.timeout_at(deadline) as patience:
                self._dialling.add(patience)
                try:
                    connection = await self._dialer.connect(origin, make, deadline)
                finally:
                    self._dialling.discard(patience)
        except TimeoutError:
            if self._closed:
                raise HttpConnectionError(_CLOSED) from None
            raise
        self._all.add(connection)
        connection.lost.add_done_callback(lambda _: self._all.discard(connection))
        return connection

    def keep(self, connection: Connection) -> None:
        """See ``Owner.keep``."""
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = {}
        idle[connection] = None

    def drop(self, connection: Connection) -> None:
        """See ``Owner.drop``."""
        idle = self._idle.get(connection.origin)
        if idle is not None:
            idle.pop(connection, None)
            if not idle:
                del self._idle[connection.origin]

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        self._closed = True
        for patience in self._dialling:
            if not patience.expired():
                patience.reschedule(0)
        connections = list(self._all)
        for connection in connections:
            connection.close(HttpConnectionError(_CLOSED))
        await asyncio.gather(*(connection.lost for connection in connections))
        await asyncio.gather(*self._tasks, return_exceptions=True)
