"""How the client of deliveries calls back: once, later, and nobody who has cancelled."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.edges.http import HttpAnswer, HttpConnectionError, HttpRequestError, HttpTimeoutError
from app.edges.http.client import DirectClient
from app.edges.http.exchange import DirectExchange
from tests.support.engine import until
from tests.support.http_client import client
from tests.support.raw_server import Peer, raw_server, stuck_listener

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.results: list[HttpAnswer | Exception] = []

    def __call__(self, result: HttpAnswer | Exception) -> None:
        """Remember it."""
        self.results.append(result)

    async def once(self) -> HttpAnswer | Exception:
        """Return the first result, after a while in which there could be another."""
        await until(lambda: bool(self.results))
        for _ in range(5):
            await asyncio.sleep(0)
        (result,) = self.results
        return result


@pytest.fixture
async def http() -> AsyncIterator[DirectClient]:
    """The client, allowed to reach this machine."""
    async with client() as opened:
        yield opened


async def _is_sent(exchange: DirectExchange) -> None:
    await until(lambda: exchange._connection is not None)


async def echo(peer: Peer) -> None:
    """Answer every request but those that say to wait."""
    while True:
        if await peer.request() != b"wait":
            await peer.send(NO_CONTENT)


@pytest.mark.parametrize(
    ("url", "headers"),
    [("nonsense", {}), ("http://h.example/", {"bad name": "x"})],
)
async def test_a_request_that_cannot_be_made_is_told_later(
    http: DirectClient, url: str, headers: dict[str, str]
) -> None:
    """Nobody is called before ``begin`` has returned, and cancelled in time nobody at all."""
    told, cancelled = Told(), Told()
    http.begin(url, b"{}", headers, 5.0, told)
    http.begin(url, b"{}", headers, 5.0, cancelled).cancel()
    assert told.results == []
    assert isinstance(await told.once(), HttpRequestError)
    assert cancelled.results == []


async def test_each_end_is_told_once(http: DirectClient) -> None:
    """An answer, a lost connection, no answer in time; a late cancel changes nothing."""

    async def talk(peer: Peer) -> None:
        body = await peer.request()
        if body == b"answer":
            await peer.send(NO_CONTENT)
        elif body == b"wait":
            await peer.closed()

    kinds = {b"answer": HttpAnswer, b"lose": HttpConnectionError, b"wait": HttpTimeoutError}
    async with raw_server(talk) as server:
        for body, kind in kinds.items():
            told = Told()
            exchange = http.begin(server.url, body, {}, 0.2 if body == b"wait" else 5.0, told)
            assert told.results == []
            assert isinstance(await told.once(), kind)
            exchange.cancel()
            exchange.cancel()
            assert len(told.results) == 1


async def test_cancelled_while_it_connects(http: DirectClient) -> None:
    """The attempt to connect ends, and nobody is called."""
    told = Told()
    with stuck_listener() as port:
        exchange = http.begin(f"http://127.0.0.1:{port}/", b"{}", {}, 5.0, told)
        started = http.begin(f"http://127.0.0.1:{port}/", b"{}", {}, 5.0, told)
        exchange.cancel()  # before its task has begun
        await asyncio.sleep(0.01)
        started.cancel()
        await until(lambda: not http._pool._tasks)
    assert told.results == []


async def test_cancelled_while_it_waits_for_the_answer(http: DirectClient) -> None:
    """Its connection is closed, kept or new; the next request has one of its own."""
    async with raw_server(echo) as server:
        for kept in (False, True):
            if kept:
                told = Told()
                http.begin(server.url, b"{}", {}, 5.0, told)
                await told.once()
            cancelled = Told()
            exchange = http.begin(server.url, b"wait", {}, 5.0, cancelled)
            await _is_sent(exchange)
            exchange.cancel()
            told = Told()
            http.begin(server.url, b"{}", {}, 5.0, told)
            assert isinstance(await told.once(), HttpAnswer)
            assert cancelled.results == []


async def test_an_answer_that_comes_again_is_the_same_answer(http: DirectClient) -> None:
    """The same bytes in one piece mean the same; others, and pieces, are read anew."""
    said = [
        NO_CONTENT,
        NO_CONTENT,
        b"HTTP/1.1 204 No Content\r\nX-RateLimit-Remaining: 1\r\n\r\n",
        NO_CONTENT,
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
    ]

    async def talk(peer: Peer) -> None:
        for each in said:
            await peer.request()
            await peer.send(each)
        await peer.closed()

    answers = []
    async with raw_server(talk) as server:
        for _ in said:
            told = Told()
            http.begin(server.url, b"{}", {}, 5.0, told)
            answers.append(await told.once())
        assert server.connections == 1
    first, again, limited, third, bad, bad_again = answers
    assert again is first
    assert isinstance(limited, HttpAnswer)
    assert limited.headers["x-ratelimit-remaining"] == "1"
    assert third is not first
    assert isinstance(bad, HttpAnswer)
    assert (bad.status, bad.body) == (400, b"no")
    assert bad_again is bad


async def test_what_follows_a_known_answer_is_not_taken_for_the_next(http: DirectClient) -> None:
    """Bytes too many spoil the connection, also if they come with an answer that is known."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(NO_CONTENT)
        await peer.request()
        await peer.send(NO_CONTENT + NO_CONTENT)
        await peer.closed()

    async with raw_server(talk) as server:
        for _ in range(2):
            told = Told()
            http.begin(server.url, b"{}", {}, 5.0, told)
            assert isinstance(await told.once(), HttpAnswer)
        told = Told()
        http.begin(server.url, b"{}", {}, 5.0, told)
        assert isinstance(await told.once(), HttpAnswer)
        assert server.connections == 2


async def test_a_known_answer_after_the_rest_of_another_spoils_the_connection(
    http: DirectClient,
) -> None:
    """The rest of the answer before it may come only when the next request was sent."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(NO_CONTENT)
        await peer.closed()

    async with raw_server(talk) as server:
        first, second, third = Told(), Told(), Told()
        http.begin(server.url, b"{}", {}, 5.0, first)
        await first.once()
        exchange = http.begin(server.url, b"{}", {}, 5.0, second)
        await asyncio.sleep(0)  # it is sent with whatever else begins in this turn of the loop
        connection = exchange._connection
        assert connection is not None
        connection.data_received(b"late")
        connection.data_received(NO_CONTENT)
        assert isinstance(await second.once(), HttpAnswer)
        http.begin(server.url, b"{}", {}, 5.0, third)
        assert isinstance(await third.once(), HttpAnswer)
        assert server.connections == 2
