import asyncio
import contextlib
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from app.inbox.behaviour import Behaviour
from app.inbox.http_server import MAX_BODY, serve_http
from app.values.inbox import InboxCard
from tests.support.http_client import TRUSTING_NOBODY
from tests.support.inbox import keeping

DISCORD = "/api/webhooks/1/inbox"
MESSAGE = {"content": "hello"}


class Served:
    """A running server, what it kept, and a client."""

    def __init__(self, address: tuple[str, int], kept: list[InboxCard]) -> None:
        self.address = address
        self.kept = kept
        self.behaviour = Behaviour.OK
        self.client = httpx.AsyncClient(
            base_url=f"http://{address[0]}:{address[1]}", trust_env=False, verify=TRUSTING_NOBODY
        )

    async def send(self, sent: bytes) -> None:
        """Send bytes and wait until the server is done with them."""
        reader, writer = await asyncio.open_connection(*self.address)
        async with asyncio.timeout(5):
            with contextlib.suppress(OSError):  # it may be cut off at any moment
                writer.write(sent)
                writer.write_eof()
                await reader.read()
        writer.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server whose slow answers take a tenth of a second."""
    kept: list[InboxCard] = []
    async with serve_http(keeping(kept), lambda: holder.behaviour, 0.1) as address:
        holder = Served(address, kept)
        async with holder.client:
            yield holder


@pytest.mark.parametrize("path", [DISCORD, "/api/v10/webhooks/1/token", f"{DISCORD}?wait=false"])
async def test_discord(served: Served, path: str) -> None:
    """A Discord path answers 204 with nothing, and the message is kept."""
    response = await served.client.post(path, json=MESSAGE)
    assert (response.status_code, response.content) == (204, b"")
    assert [(card.kind, card.text) for card in served.kept] == [("discord", "hello")]


async def test_discord_refuses(served: Served) -> None:
    """What Discord would refuse is answered with its error, and is not kept."""
    response = await served.client.post(DISCORD, json={"content": ""})
    assert response.status_code == 400
    assert response.json() == {"message": "Cannot send an empty message", "code": 50006}
    assert served.kept == []


@pytest.mark.parametrize("path", ["/", "/hook", "/api/webhooks/1", f"{DISCORD}/slack", "/%ff%00"])
async def test_any_other_path(served: Served, path: str) -> None:
    """Any other path takes any body."""
    response = await served.client.post(path, content=b"anything")
    assert response.status_code == 200
    assert [(card.kind, card.text) for card in served.kept] == [("webhook", "anything")]


@pytest.mark.parametrize("path", [DISCORD, "/hook"])
async def test_only_post(served: Served, path: str) -> None:
    """Other methods are not allowed."""
    response = await served.client.get(path)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_discord_rate_limit(served: Served) -> None:
    """The rate limit is told as Discord tells it: in headers, and in the body with fractions."""
    served.behaviour = Behaviour.RATE_LIMITED
    response = await served.client.post(DISCORD, json=MESSAGE)
    assert response.status_code == 429
    body = response.json()
    assert (body["retry_after"], body["global"]) == (1.0, False)
    headers = response.headers
    assert headers["retry-after"] == "1"
    assert headers["x-ratelimit-remaining"] == "0"
    assert headers["x-ratelimit-reset-after"] == "1.000"
    assert 0 < float(headers["x-ratelimit-reset"]) - time.time() <= 1
    assert served.kept == []


@pytest.mark.parametrize(
    ("behaviour", "path", "status"),
    [
        (Behaviour.RATE_LIMITED, "/hook", 429),
        (Behaviour.ERROR, DISCORD, 500),
        (Behaviour.ERROR, "/hook", 500),
    ],
)
async def test_refusals_that_pass(
    served: Served, behaviour: Behaviour, path: str, status: int
) -> None:
    """What is turned away is not kept."""
    served.behaviour = behaviour
    response = await served.client.post(path, json=MESSAGE)
    assert response.status_code == status
    assert ("retry-after" in response.headers) == (status == 429)
    assert served.kept == []


@pytest.mark.parametrize(("path", "status"), [(DISCORD, 204), ("/hook", 200)])
async def test_slow(served: Served, path: str, status: int) -> None:
    """A slow answer is a yes that takes its time."""
    served.behaviour = Behaviour.SLOW
    started = time.perf_counter()
    response = await served.client.post(path, json=MESSAGE)
    assert response.status_code == status
    assert time.perf_counter() - started >= 0.1
    assert len(served.kept) == 1


async def test_body_too_large(served: Served) -> None:
    """A body above the limit is refused, and the next request is served."""
    response = await served.client.post("/hook", content=bytes(MAX_BODY + 1))
    assert response.status_code == 413
    assert (await served.client.post("/hook", content=bytes(MAX_BODY))).status_code == 200


async def test_compressed_body_too_large(served: Served) -> None:
    """The limit holds for what a compressed body unfolds to."""
    response = await served.client.post(
        "/hook",
        content=zlib.compress(bytes(20 * MAX_BODY)),
        headers={"Content-Encoding": "deflate"},
    )
    assert response.status_code == 413


async def test_body_that_cannot_be_read(served: Served) -> None:
    """A body that is not compressed as it says is a bad request."""
    response = await served.client.post(
        "/hook", content=b"nonsense", headers={"Content-Encoding": "gzip"}
    )
    assert response.status_code == 400
    assert served.kept == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\xff\xff",
    ],
)
async def test_garbage(served: Served, garbage: bytes) -> None:
    """Whatever is sent, nothing is kept and the next request is served."""
    await served.send(garbage)
    assert served.kept == []
    assert (await served.client.post(DISCORD, json=MESSAGE)).status_code == 204


async def test_ends_at_once() -> None:
    """Neither an idle connection, a half-sent request nor a slow answer delays the end."""
    kept: list[InboxCard] = []
    slow = asyncio.Event()

    def behave() -> Behaviour:
        slow.set()
        return Behaviour.SLOW

    async with serve_http(keeping(kept), behave, 600) as address:
        peers = [await asyncio.open_connection(*address) for _ in range(3)]
        head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
        peers[1][1].write(head + b"ha")
        await peers[1][1].drain()
        peers[2][1].write(head + b"full")
        await slow.wait()
        started = time.perf_counter()
    assert time.perf_counter() - started < 1
    for reader, writer in peers:
        async with asyncio.timeout(1):
            assert await reader.read() == b""
        writer.close()
    assert kept == []
