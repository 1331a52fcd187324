"""Two ways to POST: aiohttp, and HTTP/1.1 by hand over asyncio."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import cast
from urllib.parse import urlsplit

import aiohttp

TIMEOUT = 10.0
HEAD_END = b"\r\n\r\n"

Post = Callable[[str, bytes], Awaitable[int]]


class PostError(Exception):
    """No answer came."""


@asynccontextmanager
async def aiohttp_posting() -> AsyncIterator[Post]:
    """Keep-alive, no cookies, no limit on connections; a time-out for everything together."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        headers={"Content-Type": "application/json"},
    )

    async def post(url: str, body: bytes) -> int:
        try:
            async with session.post(url, data=body) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PostError from error

    async with session:
        yield post


@asynccontextmanager
async def asyncio_posting() -> AsyncIterator[Post]:
    """The least that Python can do: no time-outs, and of the answer only the status is read."""
    idle: dict[tuple[str, int], list[_Connection]] = {}
    loop = asyncio.get_running_loop()

    async def post(url: str, body: bytes) -> int:
        host, port, head = _split(url)
        free = idle.setdefault((host, port), [])
        try:
            if free:
                connection = free.pop()
            else:
                _, connection = await loop.create_connection(_Connection, host, port)
            status = await connection.exchange(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        except OSError as error:
            raise PostError from error
        free.append(connection)
        return status

    yield post


class _Connection(asyncio.Protocol):
    """One request at a time; whoever lost the connection gets an ``OSError``."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[int] | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    def exchange(self, request: bytes) -> Awaitable[int]:
        if self._transport.is_closing():
            raise ConnectionResetError
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Take the status line; the sink's answers have no body and come whole."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(int(data[9:12]))


@lru_cache(maxsize=10_000)
def _split(url: str) -> tuple[str, int, bytes]:
    """The host, the port, and the request's head up to the length's value."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    return parts.hostname or "", parts.port or 80, head.encode()
