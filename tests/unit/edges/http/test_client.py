"""How the client of deliveries treats its connections."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from itertools import count

import pytest

from app.edges.http import exchange as exchange_module
from app.edges.http.client import DirectClient
from app.edges.http.port import (
    HttpAnswer,
    HttpConnectionError,
    HttpError,
    HttpProtocolError,
    HttpTimeoutError,
)
from tests.support.http_client import client, post_over
from tests.support.raw_server import Peer, RawServer, Talk, raw_server, stuck_listener

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def saying(body: bytes, *headers: str) -> bytes:
    """Return an answer with this body."""
    lines = [f"Content-Length: {len(body)}", *headers, "", ""]
    return b"HTTP/1.1 200 OK\r\n" + "\r\n".join(lines).encode() + body


@pytest.fixture
async def http() -> AsyncIterator[DirectClient]:
    """The client, allowed to reach this machine."""
    async with client() as opened:
        yield opened


async def post(
    http: DirectClient, server: RawServer, body: bytes = b"{}", timeout: float = 5.0
) -> HttpAnswer:
    """Send a body to the server."""
    return await post_over(http, server.url, body, {}, timeout)


async def echo(peer: Peer) -> None:
    """Answer every request with its body and the number of the connection."""
    while True:
        body = await peer.request()
        await peer.send(saying(b"%d %b" % (peer.number, body)))


async def test_the_connection_used_last_is_used_next(http: DirectClient) -> None:
    """Of several idle connections one is kept busy, so that the others can expire."""
    both = asyncio.Barrier(2)

    async def talk(peer: Peer) -> None:
        await peer.request()
        await both.wait()
        await peer.send(saying(b"%d" % peer.number))
        await echo(peer)

    async with raw_server(talk) as server:
        await asyncio.gather(post(http, server), post(http, server))
        answers = [(await post(http, server, b"x")).body for _ in range(5)]
        assert server.connections == 2
        assert len(set(answers)) == 1


async def test_many_at_once_get_their_own_answers(http: DirectClient) -> None:
    """However connections come and go, no answer reaches another request."""
    served = count()

    async def talk(peer: Peer) -> None:
        while True:
            body = await peer.request()
            match next(served) % 7:
                case 0:
                    await peer.send(saying(body, "Connection: close"))
                    return
                case 1:
                    await peer.send(saying(body) + saying(b"not yours"))
                case 2:
                    for byte in saying(body):
                        await peer.send(bytes([byte]))
                case _:
                    await peer.send(saying(body))

    async with raw_server(talk) as server:

        async def work(number: int) -> None:
            for turn in range(20):
                body = b"%d %d" % (number, turn)
                assert (await post(http, server, body)).body == body

        await asyncio.gather(*map(work, range(20)))
        assert server.connections < 400


async def test_an_idle_connection_expires() -> None:
    """What nobody uses is closed after a while, and a new one is made then."""
    closed = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(NO_CONTENT)
        await peer.closed()
        closed.set()

    async with raw_server(talk) as server, client(idle_seconds=0.05) as http:
        for connections in (1, 2):
            assert (await post(http, server)).status == 204
            await closed.wait()
            closed.clear()
            assert server.connections == connections


async def test_a_connection_in_use_does_not_expire() -> None:
    """An answer may take longer than an idle connection is kept."""
    expired = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(NO_CONTENT)
        await peer.request()
        asyncio.get_running_loop().call_later(0.4, expired.set)
        await expired.wait()
        await peer.send(NO_CONTENT)

    async with raw_server(talk) as server, client(idle_seconds=0.2) as http:
        for _ in range(2):
            assert (await post(http, server)).status == 204
        assert server.connections == 1


@contextmanager
def blocking_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Run a server in a thread that answers one request of each connection with its number.

    Yields:
        Its URL and its connections.
    """
    connections: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                connection.recv(65536)
                connection.sendall(saying(b"%d" % (len(connections) - 1)))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, name="blocking server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/", connections
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                connection.close()


@pytest.mark.parametrize("sent", [b"", b"\r\n", NO_CONTENT, b"HTTP/1.1 408 Late\r\n\r\n"])
async def test_what_has_come_unread_is_never_taken_for_an_answer(
    http: DirectClient, sent: bytes
) -> None:
    """An end, or bytes nobody asked for, that the event loop has not seen yet, are noticed."""
    with blocking_server() as (url, connections):
        assert (await post_over(http, url, b"{}", {}, 5.0)).body == b"0"
        if sent:
            connections[0].sendall(sent)
        else:
            connections[0].shutdown(socket.SHUT_RDWR)
        # The event loop has not run since then.
        assert (await post_over(http, url, b"{}", {}, 5.0)).body == b"1"


@pytest.mark.parametrize(
    "framing",
    ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ids=["no content", "a length that is not so"],
)
async def test_a_body_that_comes_after_the_answer_is_no_part_of_the_next_one(
    http: DirectClient, framing: str
) -> None:
    """The request after it gets its own answer, and is sent only once."""
    requests: list[bytes] = []

    async def talk(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.send(framing.encode())
        requests.append(await peer.request())
        await peer.send(b"ok")  # what belonged to the answer before
        await peer.send(saying(b"second"))
        await peer.closed()

    async with raw_server(talk) as server:
        first = await post(http, server, b"1")
        second = await post(http, server, b"2")
        assert (first.status, first.body) == (int(framing.split()[1]), b"")
        assert (second.status, second.body) == (200, b"second")
        assert requests == [b"1", b"2"]


@pytest.mark.parametrize(
    "header", ["Content-Length: 2", "Transfer-Encoding: chunked"], ids=["length", "chunks"]
)
async def test_a_connection_is_not_kept_after_an_announced_body_that_may_not_be(
    http: DirectClient, header: str
) -> None:
    """Sixty requests are sixty requests, although two bytes follow each answer a little later."""
    requests = 0

    async def talk(peer: Peer) -> None:
        nonlocal requests
        while True:
            await peer.request()
            requests += 1
            await peer.send(f"HTTP/1.1 204 No Content\r\n{header}\r\n\r\n".encode())
            await asyncio.sleep(0.02)
            await peer.send(b"ok")

    async with raw_server(talk) as server:
        answers = [await post(http, server) for _ in range(60)]
        assert {answer.status for answer in answers} == {204}
        assert requests == 60
        assert server.connections == 60


async def test_an_idle_connection_that_ends_is_dropped_at_once(http: DirectClient) -> None:
    """A destination that closes what is idle costs no attempt."""
    dropped = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(saying(b"%d" % peer.number))
        if peer.number == 0:
            peer.writer.write_eof()
            await peer.closed()
            dropped.set()

    async with raw_server(talk) as server:
        assert (await post(http, server)).body == b"0"
        await dropped.wait()
        assert (await post(http, server)).body == b"1"


async def test_bytes_that_nobody_asked_for_end_the_connection(http: DirectClient) -> None:
    """A connection that speaks while idle is closed at once."""
    dropped = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(saying(b"%d" % peer.number))
        if peer.number == 0:
            await peer.send(saying(b"not yours"))
            await peer.closed()
            dropped.set()

    async with raw_server(talk) as server:
        assert (await post(http, server)).body == b"0"
        await dropped.wait()
        assert (await post(http, server)).body == b"1"


async def test_a_greeting_is_no_answer(http: DirectClient) -> None:
    """A server that speaks first does not speak HTTP."""

    async def talk(peer: Peer) -> None:
        await peer.send(b"220 mail.example ESMTP\r\n")
        await peer.closed()

    async with raw_server(talk) as server:
        with pytest.raises(HttpProtocolError):
            await post(http, server)


async def end(peer: Peer) -> None:
    """Close the connection."""
    peer.writer.close()


async def reset(peer: Peer) -> None:
    """Reset the connection."""
    peer.reset()


async def begin(peer: Peer) -> None:
    """Close the connection after a byte."""
    await peer.send(b"H")


def failing(how: Talk, first: int, last: int) -> Talk:
    """Return a server whose requests, counted from 0, fail in some way from one to another."""
    served = count()

    async def talk(peer: Peer) -> None:
        while True:
            body = await peer.request()
            if first <= next(served) <= last:
                return await how(peer)
            await peer.send(saying(body))

    return talk


@pytest.mark.parametrize("how", [end, reset])
async def test_a_stale_connection_costs_no_attempt(http: DirectClient, how: Talk) -> None:
    """A request that meets the end of a connection that was idle is sent again on a new one."""
    async with raw_server(failing(how, 1, 1)) as server:
        assert (await post(http, server, b"first")).body == b"first"
        assert (await post(http, server, b"second")).body == b"second"
        assert server.connections == 2


@pytest.mark.parametrize("how", [end, reset])
async def test_a_request_is_sent_again_only_once(http: DirectClient, how: Talk) -> None:
    """What ends on a new connection too has failed."""
    async with raw_server(failing(how, 1, 9)) as server:
        assert (await post(http, server)).status == 200
        with pytest.raises(HttpConnectionError, match="lost before an answer"):
            await post(http, server)
        assert server.connections == 2


@pytest.mark.parametrize("how", [end, reset, begin])
async def test_a_loss_on_a_new_connection_is_a_failed_attempt(
    http: DirectClient, how: Talk
) -> None:
    """A new connection cannot have gone stale."""
    async with raw_server(failing(how, 0, 9)) as server:
        with pytest.raises(HttpConnectionError, match="lost before an answer"):
            await post(http, server)
        assert server.connections == 1


async def test_a_loss_within_an_answer_is_a_failed_attempt(http: DirectClient) -> None:
    """Who has begun to answer has got the request."""
    async with raw_server(failing(begin, 1, 9)) as server:
        assert (await post(http, server)).status == 200
        with pytest.raises(HttpConnectionError, match="lost before an answer"):
            await post(http, server)
        assert server.connections == 1


async def test_a_late_loss_is_a_failed_attempt(
    http: DirectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale connection shows at once; later, the destination may have worked on the request."""
    monkeypatch.setattr(exchange_module, "STALE_SECONDS", -1.0)
    async with raw_server(failing(end, 1, 9)) as server:
        assert (await post(http, server)).status == 200
        with pytest.raises(HttpConnectionError, match="lost before an answer"):
            await post(http, server)
        assert server.connections == 1


async def test_a_time_out_is_a_failed_attempt(http: DirectClient) -> None:
    """Who does not answer in time is not asked again, and the connection is closed."""
    async with raw_server(failing(Peer.closed, 1, 9)) as server:
        assert (await post(http, server)).status == 200
        with pytest.raises(HttpTimeoutError, match=r"no answer within 0\.05 s"):
            await post(http, server, timeout=0.05)
        assert server.connections == 1


async def test_the_end_of_the_answer_is_awaited_until_the_deadline(http: DirectClient) -> None:
    """By the event loop's clock nothing ends early, and the next request has a new deadline."""
    loop = asyncio.get_running_loop()

    async def never(peer: Peer) -> None:
        await peer.request()
        await peer.closed()

    async with raw_server(never) as server:
        for timeout in (0.06, 0.001, 0.03):
            started = loop.time()
            with pytest.raises(HttpTimeoutError):
                await post(http, server, timeout=timeout)
            assert loop.time() >= started + timeout - 1e-6

    async with raw_server(echo) as server:
        for timeout in (0.5, 5.0, 0.5, 0.5):
            assert (await post(http, server, timeout=timeout)).status == 200
        assert server.connections == 1


async def test_a_request_outlives_the_deadlines_of_the_ones_before(http: DirectClient) -> None:
    """The timer of a connection, set for an earlier request, does not end a later one."""
    ready = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(NO_CONTENT)
        await peer.request()
        await ready.wait()
        await peer.send(NO_CONTENT)

    async with raw_server(talk) as server:
        assert (await post(http, server, timeout=0.2)).status == 204
        asyncio.get_running_loop().call_later(0.3, ready.set)
        assert (await post(http, server, timeout=5.0)).status == 204
        assert server.connections == 1


@pytest.mark.parametrize("size", [10, 20_000_000])
async def test_an_answer_before_the_request_was_read(http: DirectClient, size: int) -> None:
    """The answer counts; what of the request was not sent is not sent any more."""
    closed = asyncio.Event()

    async def talk(peer: Peer) -> None:
        if peer.number == 0:
            await peer.reader.readexactly(1)
            await peer.send(saying(b"too large"))
            await closed.wait()
        else:
            await echo(peer)

    async with raw_server(talk) as server:
        assert (await post(http, server, b"x" * size)).body == b"too large"
        closed.set()
        assert (await post(http, server, b"x")).body in (b"1 x", b"too large")


async def test_half_closed(http: DirectClient) -> None:
    """A destination that has closed its direction has said all; the answer before that counts."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.send(b"HTTP/1.1 200 OK\r\n\r\nall")
        peer.writer.write_eof()
        await peer.closed()

    async with raw_server(talk) as server:
        assert (await post(http, server)).body == b"all"
        with pytest.raises(HttpConnectionError):
            await post(http, server)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_resets(http: DirectClient, sent: bytes) -> None:
    """A reset before the status is a lost connection; after it, the status stands."""

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)
        peer.reset()

    async with raw_server(talk) as server:
        if sent.endswith(b"\r\n\r\n"):
            assert (await post(http, server)).status == 200
        else:
            with pytest.raises(HttpConnectionError):
                await post(http, server)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_resets_before_the_request(http: DirectClient, sent: bytes) -> None:
    """Whoever is faster, it is an answer or an error of the port."""

    async def talk(peer: Peer) -> None:
        await peer.send(sent)
        peer.reset()

    async with raw_server(talk) as server:
        for _ in range(10):
            with suppress(HttpError):
                assert (await post(http, server)).status == 200


async def test_cancelling_closes_the_connection(http: DirectClient) -> None:
    """What nobody waits for any more does not keep a connection, nor does its late answer."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            asked.set()
            await peer.closed()
            closed.set()
        await peer.send(NO_CONTENT)

    async with raw_server(talk) as server:
        sending = asyncio.create_task(post(http, server))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await closed.wait()
        assert (await post(http, server)).status == 204


async def test_closing_ends_everything() -> None:
    """Requests under way fail, connecting ones too, and nothing is begun any more."""
    asked, closed = asyncio.Event(), asyncio.Semaphore(0)

    async def talk(peer: Peer) -> None:
        try:
            while await peer.request() == b"answer":
                await peer.send(NO_CONTENT)
            asked.set()
            await peer.closed()
        finally:
            closed.release()

    async with raw_server(talk) as server:
        with stuck_listener() as stuck:
            async with client() as http:
                url = f"http://127.0.0.1:{stuck}/"
                connecting = asyncio.create_task(post_over(http, url, b"{}", {}, 5.0))
                waiting = asyncio.create_task(post(http, server))
                await asked.wait()
                await post(http, server, b"answer")
            for task in (connecting, waiting):
                with pytest.raises(HttpConnectionError, match="was closed"):
                    await task
        for _ in range(server.connections):
            await closed.acquire()
        with pytest.raises(HttpConnectionError, match="was closed"):
            await post(http, server)
