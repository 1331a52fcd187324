import asyncio
import contextlib
import json
import socket
import time
from array import array
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.benchmarks.accepted import Accepted
from tests.benchmarks.behaviours import Progress
from tests.benchmarks.messages import record
from tests.benchmarks.sink import serve

NOW = 1_700_000_000_000_000


class Client:
    """A connection to a sink in this process."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def send(self, *requests: bytes, answers: int) -> list[bytes]:
        """Send bytes piece by piece, and return so many answers, an empty one for a lost line."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in requests:
                writer.write(piece)
                await writer.drain()
            return [await _answer(reader) for _ in range(answers)]
        finally:
            writer.close()

    async def get(self, path: str) -> bytes:
        """Ask what the harness asks."""
        [answer] = await self.send(f"GET {path} HTTP/1.1\r\n\r\n".encode(), answers=1)
        return answer.partition(b"\r\n\r\n")[2]

    async def progress(self) -> Progress:
        """Ask for the progress."""
        return msgspec.json.decode(await self.get("/~progress"), type=Progress)

    async def accepted(self) -> Accepted:
        """Ask for the log."""
        cells = array("q")
        cells.frombytes(await self.get("/~accepted"))
        return Accepted(cells)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.partition(b"Content-Length: ")[2].partition(b"\r")[0]
        return head + await reader.readexactly(int(length or 0))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return b""


def post(path: str, number: int) -> bytes:
    """A request with one notification."""
    body = record(number, "http://127.0.0.1/", NOW)
    return f"POST {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def sink() -> AsyncIterator[Client]:
    """A sink that awaits ten notifications."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = Client(listener.getsockname()[1])
    serving = asyncio.create_task(serve(listener))
    await client.get("/~reset?sent=10")
    yield client
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_what_is_accepted_is_logged(sink: Client) -> None:
    """With its number, its times and its destination; repeats count once as distinct."""
    before = time.time_ns() // 1000
    answers = await sink.send(post("/instant/3", 7), post("/instant/3", 7), answers=2)
    assert all(answer.startswith(b"HTTP/1.1 204 ") for answer in answers)
    progress = await sink.progress()
    assert (progress.requests, progress.accepted, progress.distinct) == (2, 2, 1)
    log = await sink.accepted()
    assert list(log.numbers) == [7, 7]
    assert before <= log.times[0] <= time.time_ns() // 1000
    assert len(log.latencies({3})) == 1


async def test_requests_in_pieces_and_in_one_piece(sink: Client) -> None:
    """Requests are found however the bytes are cut."""
    together = post("/instant/0", 1) + post("/instant/0", 2)
    pieces = [together[at : at + 100] for at in range(0, len(together), 100)]
    await sink.send(*pieces, answers=2)
    await sink.send(together, answers=2)
    assert list((await sink.accepted()).numbers) == [1, 2, 1, 2]


async def test_a_slow_answer_counts_when_it_is_given(sink: Client) -> None:
    """Whoever goes away before has not delivered anything."""
    await sink.send(post("/slow/60000/0", 1), answers=0)
    await sink.send(post("/slow/1/0", 2), answers=1)
    assert list((await sink.accepted()).numbers) == [2]


async def test_every_notification_comes_through_the_faults(sink: Client) -> None:
    """Some attempts are answered with 503, some reset, some slow; the third is always accepted."""
    await sink.get("/~reset?sent=100")

    async def attempts(number: int) -> int:
        for attempt in range(3):
            [answer] = await sink.send(post("/faulty/7/0", number), answers=1)
            if answer.startswith(b"HTTP/1.1 204 "):
                return attempt + 1
        raise AssertionError(number)

    needed = await asyncio.gather(*map(attempts, range(100)))
    progress = await sink.progress()
    assert progress.distinct == progress.accepted == 100
    assert progress.requests == sum(needed)
    assert progress.faults > sum(needed) - 100 > 0  # slow ones need no further attempt


async def test_a_hung_destination_answers_nobody_and_another_does(sink: Client) -> None:
    """The connection stays open without an answer."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await sink.send(post("/hung/0", 1), answers=1)
    await sink.send(post("/instant/1", 2), answers=1)
    assert list((await sink.accepted()).numbers) == [2]


async def test_a_webhook_of_discord_is_limited(sink: Client) -> None:
    """Requests over the limit, and what Discord refuses, are not accepted."""

    def execute(message: object) -> bytes:
        body = json.dumps(message).encode()
        head = (
            "POST /api/webhooks/1000000000000000001/token HTTP/1.1\r\nUser-Agent: test\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    mark = "bench=000000001;at=1700000000000000;"
    several = {"embeds": [{"description": mark.replace("1;", f"{n};", 1)} for n in range(2, 5)]}
    requests = [{"content": mark}, several, {"content": ""}, *[{"content": mark}] * 3]
    answers = await sink.send(*map(execute, requests), answers=6)
    assert [answer[9:12] for answer in answers] == [b"204", b"204", b"400", b"204", b"204", b"429"]
    assert b"Retry-After: " in answers[-1]
    progress = await sink.progress()
    assert (progress.distinct, progress.accepted, progress.limited) == (4, 6, 1)


async def test_a_reset_forgets_and_disconnects(sink: Client) -> None:
    """Nothing of the run before reaches the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
    writer.write(post("/slow/60000/0", 1) + b"GET /~progress HTTP/1.1\r\n\r\n")
    assert b'"requests":1' in await _answer(reader)
    await sink.get("/~reset?sent=10")
    assert await _answer(reader) == b""
    writer.close()
    progress = await sink.progress()
    assert (progress.requests, progress.accepted) == (0, 0)


async def test_an_unknown_path_is_not_found(sink: Client) -> None:
    """A wrong URL in a workload shows at once."""
    [answer] = await sink.send(post("/elsewhere", 1), answers=1)
    assert answer.startswith(b"HTTP/1.1 404 ")
