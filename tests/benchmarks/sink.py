"""The sink: an HTTP server that takes far more than any worker can send, and counts.

``python -m tests.benchmarks.sink DESCRIPTOR`` serves on a listening socket that it inherits. What
it does with a request, the path says; the last part is the destination's number:

- ``/instant/3`` answers 204 at once; ``/slow/100/3`` after 100 ms; ``/hung/3`` never;
- ``/faulty/7/3`` answers some with 503, resets some and is slow with some, by the seed 7;
- ``/api/webhooks/3/token`` answers as Discord does (see ``discord.py``);
- ``/~progress``, ``/~accepted`` and ``/~reset?sent=N`` are the harness'.

Nothing of HTTP is checked that a sink need not know: requests have a ``Content-Length``.
"""

import asyncio
import random
import resource
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable
from functools import partial
from typing import cast

import msgspec
import uvloop

from tests.benchmarks.discord import DiscordWebhooks
from tests.benchmarks.messages import marks

ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
FAULTY_SLOW = 0.5
# The third attempt always succeeds, so that nothing is ever given up.
MOST_FAULTS = 2


class Progress(msgspec.Struct, frozen=True):
    """How far a run has come.

    Attributes:
        at: Seconds since the epoch.
        requests: Requests of all kinds, those of the harness left out.
        accepted: Notifications accepted, repeats included.
        distinct: Notifications accepted, each once.
        faults: Requests answered with a fault on purpose.
        limited: Requests answered with 429.
        cpu_seconds: Processor time that the sink has used since it started.
    """

    at: float
    requests: int
    accepted: int
    distinct: int
    faults: int
    limited: int
    cpu_seconds: float


class Sink:
    """What all connections share: the log of what was accepted, and the behaviours."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self._actions: dict[bytes, Action] = {}
        self.reset(0)

    def reset(self, sent: int) -> None:
        """Forget everything and close every connection, for a run of ``sent`` notifications."""
        self.cells = array("q")
        self.requests = self.faults = self.limited = self.distinct = 0
        self._seen = bytearray(sent)
        self._attempts: dict[int, int] = {}
        self._discord = DiscordWebhooks()
        self._actions.clear()
        for connection in tuple(self.connections):
            connection.abort()

    def progress(self) -> bytes:
        """The state of the run as JSON."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return msgspec.json.encode(
            Progress(
                at=time.time(),
                requests=self.requests,
                accepted=len(self.cells) // 4,
                distinct=self.distinct,
                faults=self.faults,
                limited=self.limited,
                cpu_seconds=used.ru_utime + used.ru_stime,
            )
        )

    def accept(self, destination: int, body: bytes) -> None:
        """Log every notification in a body."""
        now = time.time_ns() // 1000
        seen = self._seen
        for number, sent in marks(body):
            self.cells.extend((number, sent, now, destination))
            if number < len(seen) and not seen[number]:
                seen[number] = 1
                self.distinct += 1

    def action(self, path: bytes) -> "Action":
        """What a path asks for."""
        found = self._actions.get(path)
        if found is None:
            found = self._actions[path] = self._make_action(path.decode("latin-1"))
        return found

    def _make_action(self, path: str) -> "Action":
        match path.strip("/").split("/"):
            case ["instant", destination]:
                return partial(self._instant, int(destination))
            case ["slow", milliseconds, destination]:
                return partial(self._slow, int(destination), int(milliseconds) / 1000)
            case ["hung", _]:
                return self._hung
            case ["faulty", seed, destination]:
                return partial(self._faulty, int(destination), int(seed))
            case ["api", "webhooks", destination, _]:
                return partial(self._limited_webhook, int(destination))
            case _:
                return self._unknown

    def _instant(self, destination: int, connection: "Connection", body: bytes) -> None:
        self.accept(destination, body)
        connection.answer(ACCEPTED)

    def _slow(self, destination: int, delay: float, connection: "Connection", body: bytes) -> None:
        connection.later(delay, partial(self._instant, destination, connection, body))

    def _hung(self, _connection: "Connection", _body: bytes) -> None:
        pass

    def _faulty(self, destination: int, seed: int, connection: "Connection", body: bytes) -> None:
        number = marks(body)[0][0]
        attempt = self._attempts[number] = self._attempts.get(number, 0) + 1
        chance = random.Random(f"{seed}/{number}/{attempt}").random()
        if attempt <= MOST_FAULTS and chance < 0.09:
            self.faults += 1
            if chance < 0.03:
                connection.answer(UNAVAILABLE)
            elif chance < 0.06:
                connection.reset()
            else:
                self._slow(destination, FAULTY_SLOW, connection, body)
        else:
            self._instant(destination, connection, body)

    def _limited_webhook(self, destination: int, connection: "Connection", body: bytes) -> None:
        answer = self._discord.answer(destination, body, time.time())
        if answer.accepted:
            self.accept(destination, body)
        self.limited += answer.limited
        connection.answer(answer.encoded)

    def _unknown(self, connection: "Connection", _body: bytes) -> None:
        connection.answer(NOT_FOUND)


class Connection(asyncio.Protocol):
    """One connection: cuts requests out of what comes, without a copy where one came whole."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""
        self._timers: set[asyncio.TimerHandle] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._sink.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Answer nobody any more: what was to be accepted later is not."""
        self._sink.connections.discard(self)
        for timer in self._timers:
            timer.cancel()

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
        self._transport.abort()

    def _serve(self, head: bytes, body: bytes) -> None:
        path = head[head.find(b" ") + 1 : head.find(b" HTTP/")]
        if path.startswith(b"/~"):
            self._harness(path.decode("ascii"))
            return
        self._sink.requests += 1
        self._sink.action(path)(self, body)

    def _harness(self, path: str) -> None:
        body = b""
        match path.split("?sent="):
            case ["/~progress"]:
                body = self._sink.progress()
            case ["/~accepted"]:
                body = self._sink.cells.tobytes()
            case ["/~reset", sent]:
                self._sink.connections.discard(self)  # this one is still to be answered
                self._sink.reset(int(sent))
                self._sink.connections.add(self)
            case _:
                raise ValueError(path)
        self.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


Action = Callable[[Connection, bytes], None]


def _content_length(head: bytes) -> int:
    at = head.find(b"ength: ")  # of either case
    if at < 0:
        return 0
    end = head.find(b"\r", at)
    return int(head[at + 7 : end if end >= 0 else None])


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sink), sock=listener, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        uvloop.run(serve(inherited))
