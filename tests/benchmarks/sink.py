"""The sink: an HTTP server that takes far more than any worker can send, and counts.

``python -m tests.benchmarks.sink DESCRIPTOR`` serves on a listening socket that it inherits. What
it does with a request, the path says; the last part is the destination's number:

- ``/instant/3`` answers 204 at once; ``/slow/100/3`` after 100 ms; ``/hung/3`` never;
- ``/faulty/7/3`` answers some with 503, resets some and is slow with some, by the seed 7;
- ``/api/webhooks/3/token`` answers as Discord does (see ``tests/support/discord_server.py``);
- ``/~progress``, ``/~accepted`` and ``/~reset?sent=N`` are the harness'; ``/~spans/…`` takes spans.

Nothing of HTTP is checked that a sink need not know: requests have a ``Content-Length``.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from functools import partial
from typing import cast

import uvloop

from tests.benchmarks.behaviours import Behaviours

HEAD_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection: cuts requests out of what comes, without a copy where one came whole.

    Args:
        behaviours: What to do with requests.
        connections: All that are open; this one adds itself.
    """

    def __init__(self, behaviours: Behaviours, connections: "set[Connection]") -> None:
        self._behaviours = behaviours
        self._connections = connections
        self._rest = b""
        self._timers: set[asyncio.TimerHandle] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Answer nobody any more: what was to be accepted later is not."""
        self._connections.discard(self)
        self._cancel()

    def data_received(self, data: bytes) -> None:
        """Serve every request that is complete."""
        if self._rest:
            data = self._rest + data
        start = 0
        while (head_end := data.find(HEAD_END, start)) >= 0:
            head = data[start:head_end]
            end = head_end + len(HEAD_END) + _content_length(head)
            if len(data) < end:
                break
            self._serve(head, data[head_end + len(HEAD_END) : end])
            start = end
        self._rest = data[start:]

    def answer(self, answer: bytes) -> None:
        """Send an answer."""
        self._transport.write(answer)

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later, unless the connection is lost before."""

        def due() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(delay, due)
        self._timers.add(timer)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    def abort(self) -> None:
        """End the connection."""
        self._cancel()
        self._transport.abort()

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _serve(self, head: bytes, body: bytes) -> None:
        path = head[head.find(b" ") + 1 : head.find(b" HTTP/")]
        if path.startswith(b"/~"):
            self._harness(path.decode("ascii"))
            return
        self._behaviours.requests += 1
        self._behaviours.action(path)(self, head, body)

    def _harness(self, path: str) -> None:
        body = b""
        match path.split("?sent="):
            case ["/~progress"]:
                body = self._behaviours.progress()
            case ["/~accepted"]:
                body = self._behaviours.cells.tobytes()
            case ["/~reset", sent]:
                self._behaviours.reset(int(sent))
                for other in self._connections - {self}:
                    other.abort()
            case [spans] if spans.startswith("/~spans/"):
                pass  # a collector's part, which is to throw them away
            case _:
                raise ValueError(path)
        self.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _content_length(head: bytes) -> int:
    at = head.find(b"ength: ")  # of either case
    if at < 0:
        return 0
    end = head.find(b"\r", at)
    return int(head[at + 7 : end if end >= 0 else None])


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled."""
    new = partial(Connection, Behaviours(), set())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(new, sock=listener, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        uvloop.run(serve(inherited))
