"""Connecting: which address, whether it may be, and TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from app.edges.guard import AddressGuard, AddrInfo
from app.edges.http.client import DirectClient, open_http_client
from app.edges.http.port import HttpAnswer, HttpConnectionError, HttpTimeoutError
from app.values.errors import ForbiddenAddressError
from tests.support.http_client import LOOPBACK, Names, client, post_over
from tests.support.raw_server import Peer, Talk, raw_server, stuck_listener
from tests.support.tls import serving, trusting

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


async def answer(peer: Peer) -> None:
    """Answer every request."""
    while True:
        await peer.request()
        await peer.send(NO_CONTENT)


async def post(
    http: DirectClient, port: int, scheme: str = "http", timeout: float = 5.0
) -> HttpAnswer:
    """Send something to a name."""
    return await post_over(http, f"{scheme}://hooks.example:{port}/secret", b"{}", {}, timeout)


async def test_the_guard_has_the_last_word() -> None:
    """A name that resolved to a public address a moment ago may lead here by now."""
    async with raw_server(answer) as server, client(guard=AddressGuard()) as http:
        with pytest.raises(ForbiddenAddressError, match=r"127\.0\.0\.1 is not a public address"):
            await post(http, server.port)
        assert server.connections == 0


async def test_where_one_address_refuses_the_next_one_is_tried() -> None:
    """The one that answers is tried first from then on."""
    async with raw_server(answer) as server, client(Names("127.0.0.2", "127.0.0.1")) as http:
        assert (await post(http, server.port)).status == 204
        found = await http._pool._dialer._addresses.find("hooks.example", server.port)
        assert [each[4][0] for each in found] == ["127.0.0.1", "127.0.0.2"]


async def test_the_last_reason_is_told() -> None:
    """When no address can be connected to, it is said why, without the URL's path."""
    with stuck_listener("127.0.0.3") as port:
        async with client(Names("127.0.0.2", "127.0.0.1")) as http:
            with pytest.raises(HttpConnectionError) as caught:
                await post(http, port)
    assert str(caught.value) == "cannot connect: Connection refused"


async def test_a_dead_address_leaves_time_for_the_next() -> None:
    """An address where packets vanish takes its share, and then comes last."""
    with stuck_listener("127.0.0.2") as port:
        async with (
            raw_server(answer, port=port) as server,
            client(Names("127.0.0.2", "127.0.0.1")) as http,
        ):
            assert (await post(http, port, timeout=1.0)).status == 204
            found = await http._pool._dialer._addresses.find("hooks.example", port)
            assert [each[4][0] for each in found] == ["127.0.0.1", "127.0.0.2"]
            assert server.connections == 1


async def test_connecting_ends_at_the_deadline() -> None:
    """One deadline holds for everything."""
    with stuck_listener() as port:
        async with client() as http:
            with pytest.raises(HttpTimeoutError, match=r"no answer within 0\.05 s"):
                await post(http, port, timeout=0.05)


async def test_looking_up_ends_at_the_deadline_or_when_the_port_is_closed() -> None:
    """A name server that does not answer holds nobody up."""

    class Hanging(Names):
        async def resolve(self, host: str, port: int) -> list[AddrInfo]:
            await asyncio.Event().wait()
            return await super().resolve(host, port)

    async with client(Hanging()) as http:
        with pytest.raises(HttpTimeoutError):
            await post(http, 80, timeout=0.05)
        asking = asyncio.create_task(post(http, 80))
        await asyncio.sleep(0)
    with pytest.raises(HttpConnectionError, match="was closed"):
        await asking


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the clients of this module trust."""
    return trustme.CA()


@pytest.fixture(name="trusting")
def fixture_trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's context that trusts the authority."""
    return trusting(authority)


async def test_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """The host is named when shaking hands, and kept connections are used again."""
    context = serving(authority)
    named: list[str | None] = []
    context.sni_callback = lambda _connection, name, _context: named.append(name)
    async with raw_server(answer, context) as server, client(tls_context=trusting) as http:
        for _ in range(2):
            assert (await post(http, server.port, "https")).status == 204
        assert server.connections == 1
        url = f"https://hooks.example.:{server.port}/"
        assert (await post_over(http, url, b"{}", {}, 5.0)).status == 204
        assert named == ["hooks.example", "hooks.example"]


async def test_only_http_1_is_offered(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A server that would rather speak HTTP/2 is asked for HTTP/1.1."""
    context = serving(authority, "127.0.0.1")
    context.set_alpn_protocols(["h2", "http/1.1"])
    chosen: list[str | None] = []

    async def talk(peer: Peer) -> None:
        await peer.request()
        chosen.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await peer.send(NO_CONTENT)

    async with raw_server(talk, context) as server, open_http_client(LOOPBACK, trusting) as http:
        assert (await post_over(http, server.url, b"{}", {}, 5.0)).status == 204
    assert chosen == ["http/1.1"]


@pytest.mark.parametrize(
    ("name", "until", "reason"),
    [
        ("other.example", 1, "not valid for 'hooks.example'"),
        ("hooks.example", -1, "certificate has expired"),
    ],
)
async def test_certificates_that_are_refused(
    authority: trustme.CA, trusting: ssl.SSLContext, name: str, until: int, reason: str
) -> None:
    """It is said what is wrong with them."""
    context = serving(authority, name, not_after=datetime.now(UTC) + timedelta(days=until))
    async with raw_server(answer, context) as server, client(tls_context=trusting) as http:
        with pytest.raises(HttpConnectionError, match=f"^TLS certificate refused: .*{reason}"):
            await post(http, server.port, "https")


async def test_a_certificate_of_an_unknown_authority(trusting: ssl.SSLContext) -> None:
    """Whom nobody vouches for is not sent anything."""
    context = serving(trustme.CA())
    async with raw_server(answer, context) as server, client(tls_context=trusting) as http:
        with pytest.raises(HttpConnectionError, match=r"^TLS certificate refused: "):
            await post(http, server.port, "https")


async def end_at_once(_: Peer) -> None:
    """Say nothing and close."""


async def say_something_else(peer: Peer) -> None:
    """Speak no TLS."""
    await peer.send(b"220 mail.example ESMTP\r\n")
    await peer.closed()


@pytest.mark.parametrize("talk", [end_at_once, say_something_else])
async def test_a_server_without_tls(trusting: ssl.SSLContext, talk: Talk) -> None:
    """There is no connection with one that cannot shake hands."""
    async with raw_server(talk) as server, client(tls_context=trusting) as http:
        with pytest.raises(HttpConnectionError, match=r"^cannot connect: "):
            await post(http, server.port, "https")


async def test_shaking_hands_ends_at_the_deadline(trusting: ssl.SSLContext) -> None:
    """A server that takes the connection and does nothing is left alone in time."""
    closed = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.closed()
        closed.set()

    async with raw_server(talk) as server, client(tls_context=trusting) as http:
        with pytest.raises(HttpTimeoutError, match=r"no answer within 0\.1 s"):
            await post(http, server.port, "https", timeout=0.1)
        await closed.wait()


async def test_cancelling_closes_what_was_being_connected(trusting: ssl.SSLContext) -> None:
    """No connection is left behind by who does not want it any more."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.reader.readexactly(1)
        asked.set()
        await peer.closed()
        closed.set()

    async with raw_server(talk) as server, client(tls_context=trusting) as http:
        connecting = asyncio.create_task(post(http, server.port, "https"))
        await asked.wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await closed.wait()
