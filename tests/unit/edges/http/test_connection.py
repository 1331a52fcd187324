"""One connection, where the client does not show what happens within."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.edges.http.connection import Connection
from app.edges.http.port import HttpAnswer, HttpProtocolError
from app.edges.http.request import Origin
from tests.support.http_client import exchange_over
from tests.support.raw_server import Peer, RawServer, raw_server

ORIGIN = Origin(tls=False, host="127.0.0.1", port=0)
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Keeper:
    """Is told what becomes of connections, and tells it on."""

    def __init__(self, on_keep: Callable[[], object]) -> None:
        self._on_keep = on_keep
        self.dropped = 0

    def keep(self, _: Connection) -> None:
        """Tell that one can be used again."""
        self._on_keep()

    def drop(self, _: Connection) -> None:
        """Count one that cannot."""
        self.dropped += 1


class Watched(Connection):
    """Tells when the event loop wants no more to send."""

    def __init__(self, owner: Keeper) -> None:
        super().__init__(ORIGIN, owner)
        self.full = asyncio.Event()

    def pause_writing(self) -> None:
        """Tell."""
        super().pause_writing()
        self.full.set()


@asynccontextmanager
async def connected(server: RawServer, owner: Keeper) -> AsyncIterator[Watched]:
    """Connect to a server."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Watched(owner), "127.0.0.1", server.port)
    try:
        yield connection
    finally:
        connection.close()
        await connection.lost


def nothing() -> None:
    """Do nothing."""


async def exchange(connection: Connection, request: bytes = REQUEST) -> HttpAnswer:
    """Send a request and wait for its answer for five seconds."""
    return await exchange_over(connection, request, asyncio.get_running_loop().time() + 5)


async def test_a_large_request_waits_until_it_is_wanted() -> None:
    """No more than a few pieces are handed to the event loop before the destination reads them."""
    body = b"0123456789" * 2_000_000
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    read = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await read.wait()
        assert await peer.request() == body
        await peer.send(NO_CONTENT)
        await peer.closed()

    async with raw_server(talk) as server, connected(server, Keeper(nothing)) as connection:
        sending = asyncio.create_task(exchange(connection, request))
        await connection.full.wait()
        assert connection._transport.get_write_buffer_size() < 256 * 1024
        read.set()
        assert (await sending).status == 204
        assert connection.is_quiet()


async def test_cancelling_late_does_not_end_the_next_request() -> None:
    """Who is cancelled when the answer is there already, leaves alone what came after."""
    tasks: list[asyncio.Task[HttpAnswer]] = []

    def go_on() -> None:
        if len(tasks) == 1:
            tasks[0].cancel()
            tasks.append(asyncio.create_task(exchange(connection)))

    async def talk(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(NO_CONTENT)

    owner = Keeper(go_on)
    async with raw_server(talk) as server, connected(server, owner) as connection:
        tasks.append(asyncio.create_task(exchange(connection)))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        assert (await tasks[1]).status == 204
        assert owner.dropped == 0


async def test_the_answer_to_a_request_that_was_cancelled_goes_nowhere() -> None:
    """It may come in the same turn of the event loop."""
    asked = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.closed()

    owner = Keeper(nothing)
    async with raw_server(talk) as server, connected(server, owner) as connection:
        sending = asyncio.create_task(exchange(connection))
        await asked.wait()
        sending.cancel()
        connection.data_received(NO_CONTENT)
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_why_a_connection_is_closed_is_told_to_who_wants_to_use_it() -> None:
    """The first reason counts: here, that the server spoke before it was asked."""

    async def talk(peer: Peer) -> None:
        await peer.send(b"220 hello\r\n")
        await peer.closed()

    async with raw_server(talk) as server, connected(server, Keeper(nothing)) as connection:
        await connection.lost
        assert not connection.is_quiet()
        with pytest.raises(HttpProtocolError, match="before it was asked"):
            await exchange(connection)
