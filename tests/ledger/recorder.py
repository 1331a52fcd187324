"""Every destination of a run: answers as told, and remembers what it accepted, when."""

import asyncio
import json
import random
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from tests.support.in_thread import in_thread

HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
OVERFULL = b"HTTP/1.1 204 No Content\r\n\r\nand yet there is more"
NO_HTTP = b"220 mail.example ESMTP\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"
LIMITED = b"HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class Mood(StrEnum):
    """How a destination answers."""

    FINE = "fine"
    HUNG = "hung"
    SLOW = "slow"
    RESETTING = "resetting"
    LIMITING = "limiting"
    FAILING = "failing"
    DRIPPING = "dripping"
    TRICKLING = "trickling"
    ENDLESS = "endless"
    OVERFULL = "overfull"
    NO_HTTP = "no HTTP"


@dataclass
class Accepted:
    """One notification, as its destination saw it.

    Attributes:
        times: When it was accepted, seconds since the epoch; more than one are repeats.
        paths: Where.
        unheard: How many of those the worker cannot have heard of: the connection was reset, or it
            had hung up by then.
    """

    times: list[float] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    unheard: int = 0


class Recorder:
    """Destinations at ``/0``, ``/1``, …, each with a mood of its own.

    Args:
        chance: Decides what a resetting destination does.
        slowness: Seconds that a slow answer takes.
    """

    def __init__(self, chance: random.Random, slowness: float = 0.5) -> None:
        self.accepted: defaultdict[str, Accepted] = defaultdict(Accepted)
        self.moods: dict[str, Mood] = {}
        self.port = 0
        self._chance = chance
        self._slowness = slowness
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    def url(self, destination: int) -> str:
        """Return where a destination is."""
        return f"http://127.0.0.1:{self.port}/{destination}"

    def heal(self) -> None:
        """Let every destination be fine."""
        self.moods.clear()

    async def start(self) -> None:
        """Listen on loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
                name = json.loads(await reader.readexactly(length))["data"]["content"]
                if not await self._answer(path, name, writer):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    async def _answer(self, path: str, name: str, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; say whether the connection stays usable."""
        match self.moods.get(path, Mood.FINE):
            case Mood.HUNG:
                await asyncio.Event().wait()
            case Mood.SLOW:
                await asyncio.sleep(self._slowness)
                self._accept(path, name, heard=not writer.transport.is_closing())
                writer.write(HEALTHY)
            case Mood.RESETTING:
                if self._chance.random() < 0.5:  # the answer gets lost, not the notification
                    self._accept(path, name, heard=False)
                _reset(writer)
                return False
            case Mood.LIMITING:
                writer.write(LIMITED)
            case Mood.FAILING:
                writer.write(UNAVAILABLE)
            case Mood.FINE:
                self._accept(path, name, heard=True)
                writer.write(HEALTHY)
            case _ as hostile:
                return await self._be_hostile(hostile, path, name, writer)
        await writer.drain()
        return True

    async def _be_hostile(
        self, mood: Mood, path: str, name: str, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer as nobody should; what has a status is an answer, whatever comes behind it."""
        match mood:
            case Mood.DRIPPING:  # the status never comes: nothing was accepted
                await _drip(HEALTHY[:-4], writer)
            case Mood.TRICKLING:
                self._accept(path, name, heard=True)
                writer.write(ENDLESS)
                await _drip(b"." * 1000, writer)
            case Mood.ENDLESS:
                self._accept(path, name, heard=True)
                writer.write(ENDLESS)
                while True:
                    writer.write(b"." * 16_384)
                    await writer.drain()
                    await asyncio.sleep(0.01)  # the other destinations have the same loop
            case Mood.OVERFULL:
                self._accept(path, name, heard=True)
                writer.write(OVERFULL)
            case _:
                writer.write(NO_HTTP)
        await writer.drain()
        return False

    def _accept(self, path: str, name: str, *, heard: bool) -> None:
        seen = self.accepted[name]
        seen.paths.add(path)
        seen.times.append(time.time())
        seen.unheard += not heard


async def _drip(data: bytes, writer: asyncio.StreamWriter) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.3)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def recorder(chance: random.Random) -> Iterator[Recorder]:
    """Run the destinations in a thread of their own: nothing the test does delays them."""
    made = Recorder(chance)
    with in_thread(made):
        yield made
