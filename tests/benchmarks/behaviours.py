"""What the sink does with a request, by its path, and the log of what it accepted."""

import random
import resource
import time
from array import array
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from tests.benchmarks.accepted import COLUMNS
from tests.benchmarks.messages import marks
from tests.support.discord.limits import Limits
from tests.support.discord_server import DiscordServer
from tests.support.http_server import Answer, Received

ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
FAULTY_SLOW = 0.5
# Five requests in two seconds for each webhook; a channel's limit is none of a webhook's.
DISCORD_LIMITS = Limits(channel=None)
# The third attempt always succeeds, so that nothing is ever given up.
MOST_FAULTS = 2


class Client(Protocol):
    """The connection that a request came by."""

    def answer(self, answer: bytes) -> None:
        """Send an answer."""
        ...

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later, unless the connection is lost before."""
        ...

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        ...


Action = Callable[[Client, bytes, bytes], None]  # with a request's head and body


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


class Behaviours:
    """What the sink does, and what it has seen; shared by all connections.

    Attributes:
        cells: The log, as ``Accepted`` reads it.
        requests: How many came.
        faults: How many of them were answered with a fault on purpose.
        limited: How many were answered with 429.
        distinct: Notifications accepted, each once.
    """

    def __init__(self) -> None:
        self._actions: dict[bytes, Action] = {}
        self.reset(0)

    def reset(self, sent: int) -> None:
        """Forget everything, for a run of ``sent`` notifications."""
        self.cells = array("q")
        self.requests = self.faults = self.limited = self.distinct = 0
        self._seen = bytearray(sent)
        self._attempts: dict[int, int] = {}
        self._discord = DiscordServer(DISCORD_LIMITS)
        self._actions.clear()

    def progress(self) -> bytes:
        """The state of the run as JSON."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return msgspec.json.encode(
            Progress(
                at=time.time(),
                requests=self.requests,
                accepted=len(self.cells) // COLUMNS,
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

    def action(self, path: bytes) -> Action:
        """What a path asks for."""
        found = self._actions.get(path)
        if found is None:
            found = self._actions[path] = self._make_action(path.decode("latin-1"))
        return found

    def _make_action(self, path: str) -> Action:
        match path.partition("?")[0].strip("/").split("/"):
            case ["instant", destination]:
                return partial(self._instant, int(destination))
            case ["slow", milliseconds, destination]:
                return partial(self._slow, int(destination), int(milliseconds) / 1000)
            case ["hung", _]:
                return self._hung
            case ["faulty", seed, destination]:
                return partial(self._faulty, int(destination), int(seed))
            case ["api", "webhooks", destination, token]:
                self._discord.create(destination, token)
                return partial(self._webhook, int(destination))
            case _:
                return self._unknown

    def _instant(self, destination: int, client: Client, _head: bytes, body: bytes) -> None:
        self.accept(destination, body)
        client.answer(ACCEPTED)

    def _slow(
        self, destination: int, delay: float, client: Client, head: bytes, body: bytes
    ) -> None:
        client.later(delay, partial(self._instant, destination, client, head, body))

    def _hung(self, _client: Client, _head: bytes, _body: bytes) -> None:
        pass

    def _faulty(
        self, destination: int, seed: int, client: Client, head: bytes, body: bytes
    ) -> None:
        number = marks(body)[0][0]
        attempt = self._attempts[number] = self._attempts.get(number, 0) + 1
        chance = random.Random(f"{seed}/{number}/{attempt}").random()
        if attempt > MOST_FAULTS or chance >= 0.09:
            self._instant(destination, client, head, body)
            return
        self.faults += 1
        if chance < 0.03:
            client.answer(UNAVAILABLE)
        elif chance < 0.06:
            client.reset()
        else:
            self._slow(destination, FAULTY_SLOW, client, head, body)

    def _webhook(self, destination: int, client: Client, head: bytes, body: bytes) -> None:
        answer = self._discord.answer(_received(head, body))
        assert isinstance(answer, Answer)
        if 200 <= answer.status < 300:
            self.accept(destination, body)
        self.limited += answer.status == 429
        client.answer(answer.encode())

    def _unknown(self, client: Client, _head: bytes, _body: bytes) -> None:
        client.answer(NOT_FOUND)


def _received(head: bytes, body: bytes) -> Received:
    """The request as the stand-in wants it."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return Received(method, path, headers, body, time.monotonic())
