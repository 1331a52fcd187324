"""A recording HTTP server whose answers can be anything at all, or nothing."""

import asyncio
import json
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.arrivals import Arrivals
from tests.support.in_thread import in_thread

MAX_HEAD_BYTES = 256 * 1024


@dataclass(frozen=True)
class Received:
    """One request. Header names are in lower case; ``at`` is the monotonic time of its arrival."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An ordinary answer, after ``delay`` seconds."""

    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @classmethod
    def of_json(cls, status: int, value: Any, **headers: str) -> "Answer":
        """Answer with JSON; underscores in header names become dashes."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(
            status, json.dumps(value).encode(), {"Content-Type": "application/json", **named}
        )

    def encode(self) -> bytes:
        """Return it as it goes over the wire."""
        headers = dict(self.headers)
        if self.status != 204:
            headers.setdefault("Content-Length", str(len(self.body)))
        lines = [f"HTTP/1.1 {self.status} Reason", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Raw:
    """These very bytes; then the connection is closed, unless it is to be held open."""

    data: bytes
    hold: bool = False


@dataclass(frozen=True)
class Trickle:
    """``data`` once, then ``drip`` again and again, ``interval`` seconds apart, without end."""

    data: bytes
    drip: bytes = b"x"
    interval: float = 0.01


class Hang:
    """Never answers."""


class Reset:
    """Ends the connection with a TCP reset."""


Behaviour = Answer | Raw | Trickle | Hang | Reset
Chooser = Callable[[Received], Behaviour]


class HttpServer(Arrivals[Received]):
    """Records requests and answers as told.

    Set ``behaviour`` to one behaviour for all, or to a function of the request; what is put into
    ``script`` is used up first, one for each request.
    """

    def __init__(self, behaviour: Behaviour | Chooser | None = None) -> None:
        super().__init__()
        self.behaviour: Behaviour | Chooser = behaviour or Answer()
        self.script: deque[Behaviour] = deque()
        self.connections = 0
        self.under_way = 0
        self.most_under_way = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._scheme = "http"

    def url(self, path: str = "/") -> str:
        """Return the address of a path on this server."""
        return f"{self._scheme}://127.0.0.1:{self.port}{path}"

    async def start(self, port: int = 0, ssl_context: ssl.SSLContext | None = None) -> None:
        """Listen on 127.0.0.1."""
        self._scheme = "https" if ssl_context else "http"
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", port, ssl=ssl_context, limit=MAX_HEAD_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the server is stopping
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read_request(reader)
        self.keep(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(self._choose(request), writer)
        finally:
            self.under_way -= 1

    def _choose(self, request: Received) -> Behaviour:
        if self.script:
            return self.script.popleft()
        return self.behaviour(request) if callable(self.behaviour) else self.behaviour

    async def _answer(self, behaviour: Behaviour, writer: asyncio.StreamWriter) -> bool:
        """Answer; return whether the connection stays usable."""
        match behaviour:
            case Answer():
                if behaviour.delay:
                    await asyncio.sleep(behaviour.delay)
                writer.write(behaviour.encode())
                await writer.drain()
                return True
            case Raw():
                writer.write(behaviour.data)
                await writer.drain()
                if behaviour.hold:
                    await asyncio.Event().wait()
                writer.close()
                await writer.wait_closed()
            case Trickle():
                writer.write(behaviour.data)
                while True:
                    await asyncio.sleep(behaviour.interval)
                    writer.write(behaviour.drip)
                    await writer.drain()
            case Hang():
                await asyncio.Event().wait()
            case Reset():
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
        return False


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    at = time.monotonic()
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body, at)


@asynccontextmanager
async def http_server(
    behaviour: Behaviour | Chooser | None = None, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[HttpServer]:
    """Run the server in this event loop."""
    server = HttpServer(behaviour)
    await server.start(ssl_context=ssl_context)
    try:
        yield server
    finally:
        await server.stop()


@contextmanager
def http_server_thread(behaviour: Behaviour | Chooser | None = None) -> Iterator[HttpServer]:
    """Run the server in a thread of its own, for tests that block."""
    server = HttpServer(behaviour)
    with in_thread(server):
        yield server
