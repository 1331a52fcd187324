"""A TCP server that does just what a test tells it, byte by byte."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress


class Peer:
    """The server's end of one connection."""

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number  # which connection it is, counted from 0
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """Read a request and return its body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await self.reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self) -> None:
        """Wait until the client has closed the connection, or reset it."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Talk = Callable[[Peer], Awaitable[None]]


class RawServer:
    """Counts its connections; ``talk`` is run for each, and the connection closed at its end."""

    def __init__(self, talk: Talk, scheme: str) -> None:
        self._talk = talk
        self._scheme = scheme
        self._peers: dict[Peer, asyncio.Task[None]] = {}
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """An address on this server."""
        return f"{self._scheme}://127.0.0.1:{self.port}/secret"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        peer = Peer(self.connections, reader, writer)
        self.connections += 1
        self._peers[peer] = asyncio.create_task(self._serve(peer), name=f"peer {peer.number}")

    async def stop(self) -> None:
        """End every conversation.

        Raises:
            Exception: One of them failed.
        """
        for peer, task in self._peers.items():
            task.cancel()
            peer.writer.transport.abort()
        for error in await asyncio.gather(*self._peers.values(), return_exceptions=True):
            if isinstance(error, Exception):
                raise error

    async def _serve(self, peer: Peer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # the client went away
            await self._talk(peer)
        peer.writer.close()


@asynccontextmanager
async def raw_server(
    talk: Talk, ssl_context: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[RawServer]:
    """Run a server in this event loop, on 127.0.0.1."""
    server = RawServer(talk, "https" if ssl_context else "http")
    listener = await asyncio.start_server(server.accept, "127.0.0.1", port, ssl=ssl_context)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


@contextmanager
def stuck_listener(host: str = "127.0.0.1") -> Iterator[int]:
    """Listen, but take no connections: whoever connects waits. Yields the port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, 0), backlog=0))
        for _ in range(4):  # the queue takes one or two, whatever its length is said to be
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])
