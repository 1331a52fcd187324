"""What the HTTP port does, against real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
import trustme

from app.edges.guard import AddressGuard
from app.edges.http import (
    MAX_ANSWER_BYTES,
    HttpAnswer,
    HttpConnectionError,
    HttpError,
    HttpPort,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
    open_http_client,
)
from app.values.errors import ForbiddenAddressError
from tests.support.http_client import post_over
from tests.support.http_server import (
    Answer,
    Behaviour,
    Hang,
    HttpServer,
    Raw,
    Reset,
    Trickle,
    http_server,
)
from tests.support.tls import serving, trusting

LOOPBACK = AddressGuard([ip_network("127.0.0.0/8")])
TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made in no time
SECRET = "/api/webhooks/1/very-secret-token"


@pytest.fixture
async def http() -> AsyncIterator[HttpPort]:
    """The port, allowed to reach this machine."""
    async with open_http_client(LOOPBACK, TRUSTING_NOBODY) as client:
        yield client


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    """A server that answers as told."""
    async with http_server() as running:
        yield running


async def post(http: HttpPort, server: HttpServer, timeout: float = 5.0) -> HttpAnswer:
    """Send a small body to the server."""
    return await post_over(http, server.url(SECRET), b'{"a":1}', {}, timeout)


async def test_posts_json_without_being_asked_for_more(http: HttpPort, server: HttpServer) -> None:
    """The request is a plain JSON POST: nothing compressed is asked for, no cookies."""
    answer = await post_over(http, server.url("/x?y=z"), b'{"a":1}', {"webhook-id": "7"}, 5)
    assert answer.status == 204
    (request,) = server.received
    assert (request.method, request.path, request.body) == ("POST", "/x?y=z", b'{"a":1}')
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "application/json",
        "content-length": "7",
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "notification-worker",
        "webhook-id": "7",
    }


async def test_keeps_connections_alive_and_forgets_cookies(
    http: HttpPort, server: HttpServer
) -> None:
    """Requests share a connection, and a cookie that is set is not sent back."""
    server.behaviour = Answer(200, b"ok", {"Set-Cookie": "a=b; Path=/"})
    for _ in range(3):
        assert (await post(http, server)).body == b"ok"
    assert server.connections == 1
    assert all("cookie" not in request.headers for request in server.received)


async def test_credentials_in_the_url_become_basic_auth(http: HttpPort, server: HttpServer) -> None:
    """``user:password@`` works as everywhere."""
    await post_over(http, f"http://me:pass@127.0.0.1:{server.port}/", b"{}", {}, 5)
    assert server.received[0].headers["authorization"] == "Basic bWU6cGFzcw=="


async def test_redirects_are_answers(http: HttpPort, server: HttpServer) -> None:
    """A redirect is handed back, not followed."""
    server.behaviour = Answer(302, b"", {"Location": server.url("/elsewhere")})
    answer = await post(http, server)
    assert (answer.status, answer.headers["location"]) == (302, server.url("/elsewhere"))
    assert len(server.received) == 1


async def test_compressed_bodies_stay_compressed(http: HttpPort, server: HttpServer) -> None:
    """A decompression bomb is never unpacked."""
    server.behaviour = Answer(200, b"\x1f\x8b garbage", {"Content-Encoding": "gzip"})
    assert (await post(http, server)).body == b"\x1f\x8b garbage"


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("behaviour", "status", "body"),
    [
        (Raw(OK + b"Content-Length: 2\r\n\r\nok"), 200, b"ok"),
        (Raw(OK + b"Connection: close\r\n\r\nuntil the end"), 200, b"until the end"),
        (Raw(OK + b"Content-Length: 100\r\n\r\nbroken off"), 200, b"broken off"),
        (Trickle(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n"), 200, b""),
        (Raw(OK + b"Content-Length: 5\r\n\r\n", hold=True), 200, b""),
        (Raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), 999, b""),
        (Raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK + b"Content-Length: 0\r\n\r\n"), 200, b""),
        (Raw(b"HTTP/1.0 200 OK\r\n\r\nold"), 200, b"old"),
        (Raw("HTTP/1.1 200 Gut\r\nX: grüß\r\nContent-Length: 0\r\n\r\n".encode()), 200, b""),
    ],
)
async def test_the_status_stands_whatever_the_body_does(
    http: HttpPort, server: HttpServer, behaviour: Behaviour, status: int, body: bytes | None
) -> None:
    """Once the status has come, a broken, missing or endless body changes nothing."""
    server.behaviour = behaviour
    waits = isinstance(behaviour, Trickle) or (isinstance(behaviour, Raw) and behaviour.hold)
    answer = await post(http, server, 0.5 if waits else 5.0)
    assert answer.status == status
    assert body is None or answer.body == body


@pytest.mark.parametrize(
    "head",
    [OK + b"\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"Content-Length: 9\r\n\r\n"],
)
async def test_a_slow_body_ends_with_the_time_out(
    http: HttpPort, server: HttpServer, head: bytes
) -> None:
    """A body that trickles for ever is read until the time-out; the status stands."""
    server.behaviour = Trickle(
        head, drip=b"1\r\nx\r\n" if b"chunked" in head else b"", interval=0.02
    )
    started = asyncio.get_running_loop().time()
    assert (await post(http, server, 0.3)).status == 200
    assert asyncio.get_running_loop().time() - started < 2


async def test_an_endless_body_is_cut(http: HttpPort, server: HttpServer) -> None:
    """No more than the bound is kept of a body that never ends, and nothing waits for the rest."""
    server.behaviour = Trickle(OK + b"\r\n", drip=b"x" * 65536, interval=0)
    answer = await post(http, server, 30)
    assert len(answer.body) == MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Hang(), HttpTimeoutError),
        (Trickle(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.01), HttpError),
        (Trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01), HttpTimeoutError),
        (Reset(), HttpConnectionError),
        (Raw(b""), HttpConnectionError),
        (Raw(b"HTTP/1.1 20"), HttpError),
        (Raw(b"220 mail.example ESMTP\r\n"), HttpProtocolError),
        (Raw(b"\x00\xff" * 500), HttpProtocolError),
        (Raw(OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n"), HttpProtocolError),
        (Raw(OK + b"X: y\r\n" * 20_000 + b"\r\n"), HttpProtocolError),
        (Raw(OK + b"no colon\r\n\r\n"), HttpProtocolError),
        (Raw(OK + b"Content-Length: -1\r\n\r\n"), HttpProtocolError),
        (Raw(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), HttpProtocolError),
        (Raw(b"HTTP/9.9 200 OK\r\n\r\n"), HttpProtocolError),
    ],
)
async def test_no_usable_answer(
    http: HttpPort, server: HttpServer, behaviour: Behaviour, error: type[HttpError]
) -> None:
    """What is no answer becomes a typed error that does not name the URL's path."""
    server.behaviour = behaviour
    with pytest.raises(error) as caught:
        await post(http, server, 0.3 if isinstance(behaviour, Hang | Trickle) else 5.0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n", 200),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", 204),
    ],
)
async def test_what_follows_the_status_in_one_packet(
    http: HttpPort, server: HttpServer, data: bytes, status: int
) -> None:
    """The status stands, even if the same packet turns bad behind it."""
    server.behaviour = Raw(data)
    assert (await post(http, server)).status == status


async def test_the_port_survives_what_it_was_answered(http: HttpPort, server: HttpServer) -> None:
    """After every kind of broken answer the next request goes through."""
    server.script.extend([Reset(), Raw(b"nonsense"), Hang(), Raw(b"")])
    for _ in range(4):
        with pytest.raises(HttpError):
            await post(http, server, 0.3)
    assert (await post(http, server)).status == 204


async def test_refused_connection(http: HttpPort, server: HttpServer) -> None:
    """Nobody listening is a connection error that says so."""
    await server.stop()
    with pytest.raises(HttpConnectionError, match="cannot connect: "):
        await post(http, server)


async def test_unknown_name(http: HttpPort) -> None:
    """A name that does not resolve is a connection error: it may resolve later."""
    with pytest.raises(HttpConnectionError, match="does not resolve"):
        await post_over(http, "http://no-such-host.invalid/", b"{}", {}, 10)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "discord.com/api",
        "ftp://example.com/",
        "http://",
        "http:///path",
        "http://[::1",
        "http://a:99999999/",
        "http://127.1/",
        "http://2130706433/",
        "http://exa mple.com/",
        "http://" + "a" * 300 + ".com/",
        "http://a\x00b/",
        "https://\ud800/",
    ],
)
async def test_unusable_urls(http: HttpPort, url: str) -> None:
    """A URL that no request can be made of is refused without a connection."""
    with pytest.raises(HttpRequestError):
        await post_over(http, url, b"{}", {}, 5)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "0x7f.1",
        "169.254.169.254",
        "[fe80::1]",
    ],
)
async def test_the_guard_refuses_at_connection_time(server: HttpServer, host: str) -> None:
    """Names and literals that lead to this machine are refused before a byte is sent."""
    async with open_http_client(AddressGuard(), TRUSTING_NOBODY) as http:
        with pytest.raises(ForbiddenAddressError, match="not a public address"):
            await post_over(http, f"http://{host}:{server.port}/", b"{}", {}, 5)
    assert server.connections == 0


async def test_a_name_with_an_allowed_address_connects(http: HttpPort, server: HttpServer) -> None:
    """Of a name's addresses the allowed one is used."""
    answer = await post_over(http, f"http://localhost:{server.port}/", b"{}", {}, 5)
    assert answer.status == 204


async def test_no_proxy_from_the_environment(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable would lead around the guard; it is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with open_http_client(LOOPBACK, TRUSTING_NOBODY) as http:
        assert (await post(http, server)).status == 204


async def test_tls() -> None:
    """A certificate of a trusted authority is accepted, any other refused by name."""
    authority = trustme.CA()
    async with http_server(ssl_context=serving(authority, "127.0.0.1")) as server:
        async with open_http_client(LOOPBACK, trusting(authority)) as http:
            assert (await post(http, server)).status == 204
        async with open_http_client(LOOPBACK) as http:
            with pytest.raises(HttpConnectionError, match="TLS certificate refused"):
                await post(http, server)


async def test_plain_text_where_tls_is_expected(http: HttpPort) -> None:
    """A server that does not speak TLS is a connection error."""

    def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        writer.close()

    talker = await asyncio.start_server(talk, "127.0.0.1")
    async with talker:
        port = talker.sockets[0].getsockname()[1]
        with pytest.raises(HttpConnectionError, match="cannot connect"):
            await post_over(http, f"https://127.0.0.1:{port}/", b"{}", {}, 5)


async def test_cancelling_leaves_the_port_usable(http: HttpPort, server: HttpServer) -> None:
    """A delivery that is cancelled at a stop does not harm the next one."""
    server.script.append(Hang())
    sending = asyncio.create_task(post(http, server))
    await server.wait_for(1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await post(http, server)).status == 204
