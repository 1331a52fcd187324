"""One request of the direct client: over a kept connection, or else over a new one."""

import asyncio

from app.edges.http.connection import Connection, UnansweredError
from app.edges.http.pool import Pool
from app.edges.http.port import HttpAnswer, HttpTimeoutError, Then
from app.edges.http.request import Origin

STALE_SECONDS = 1.0
"""Seconds after which a lost connection cannot have been closed while it was idle."""


class DirectExchange:
    """A request under way, until its callback was called or it was cancelled.

    Args:
        pool: Has connections, and makes new ones.
        loop: The event loop that runs; to ask for it costs a system call up to Python 3.11.
        timeout: Seconds for everything together.
        then: Takes the answer, or why there is none.
    """

    __slots__ = (
        "_connection",
        "_deadline",
        "_dialling",
        "_loop",
        "_origin",
        "_pool",
        "_request",
        "_started",
        "_then",
        "_timeout",
    )

    def __init__(
        self, pool: Pool, loop: asyncio.AbstractEventLoop, timeout: float, then: Then
    ) -> None:
        self._pool = pool
        self._loop = loop
        self._timeout = timeout
        self._then: Then | None = then
        self._started = loop.time()
        self._deadline = self._started + timeout
        self._connection: Connection | None = None
        self._dialling: asyncio.Task[None] | None = None

    def refuse(self, error: Exception) -> None:
        """End soon, with a request that cannot be made."""
        self._loop.call_soon(self._end, error)

    def prepare(self, origin: Origin, request: bytes) -> None:
        """Take the request; ``start`` follows."""
        self._origin = origin
        self._request = request

    def start(self) -> None:
        """Send the request, unless it was cancelled meanwhile."""
        if self._then is None:
            return
        try:
            kept = self._pool.take(self._origin)
            if kept is None:
                self._dial()
            else:
                self._connection = kept
                kept.send(self._request, self._deadline, self._end_of_kept)
        except Exception as error:  # noqa: BLE001 - the other requests are sent all the same
            self._end(error)

    def cancel(self) -> None:
        """See ``Exchange.cancel``."""
        self._then = None
        if self._dialling is not None:
            self._dialling.cancel()
        if self._connection is not None:
            self._connection.forget(self._end_of_kept)
            self._connection.forget(self._end)

    def _end_of_kept(self, result: HttpAnswer | Exception) -> None:
        """Use a new connection if the kept one was closed just as it was used."""
        if isinstance(result, HttpAnswer):
            then, self._then = self._then, None
            if then is not None:
                then(result)
            return
        is_stale = isinstance(result, UnansweredError) and self._then is not None
        if is_stale and self._loop.time() <= self._started + STALE_SECONDS:
            self._connection = None
            self._dial()
        else:
            self._end(result)

    def _end(self, result: HttpAnswer | Exception) -> None:
        then, self._then = self._then, None
        if then is None:
            return
        if isinstance(result, TimeoutError):
            result = HttpTimeoutError(f"no answer within {self._timeout:g} s")
        then(result)

    def _dial(self) -> None:
        self._dialling = self._pool.spawn(self._send_over_a_new_one())

    async def _send_over_a_new_one(self) -> None:
        try:
            new = await self._pool.connect(self._origin, self._deadline)
            self._dialling = None
            self._connection = new
            new.send(self._request, self._deadline, self._end)
        except Exception as error:  # noqa: BLE001 - the callback takes any error
            self._end(error)
