import socket
import ssl

import pytest
import trustme

from app.edges.guard import AddressGuard, AddrInfo, GuardedResolver
from app.edges.probe import UnreachableError, check_reachable, listens
from app.values.errors import ForbiddenAddressError
from tests.support.http_server import http_server
from tests.support.service import free_port
from tests.support.smtp_server import scripted_smtp
from tests.support.tls import serving, trusting


class Addresses:
    """Gives every name these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, _host: str, port: int) -> list[AddrInfo]:
        """Return the addresses."""
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port))
            for each in self._addresses
        ]


LOOPBACK = Addresses("127.0.0.1")


@pytest.fixture
def resolver() -> GuardedResolver:
    """Return the resolver of deliveries, which lets nobody connect to this machine."""
    return GuardedResolver(AddressGuard())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return whom the tests' clients trust."""
    return trustme.CA()


@pytest.fixture(name="trusting")
def fixture_trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's context that trusts the authority."""
    return trusting(authority)


async def test_a_server_is_reached_and_asked_nothing(trusting: ssl.SSLContext) -> None:
    """A connection is made and no request is sent, whatever the path holds."""
    async with http_server() as server:
        assert await check_reachable(server.url("/secret"), LOOPBACK, trusting) == "127.0.0.1"
        assert server.received == []


async def test_one_address_that_answers_is_enough(trusting: ssl.SSLContext) -> None:
    """Where nobody listens at a name's first address, the next one is tried."""
    async with http_server() as server:
        addresses = Addresses("127.0.0.2", "127.0.0.1", "127.0.0.3")
        url = f"http://name.example:{server.port}/"
        assert await check_reachable(url, addresses, trusting) == "127.0.0.1"


async def test_tls_is_shaken_hands_on(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A certificate that is trusted and names the host is fine."""
    async with http_server(ssl_context=serving(authority, "127.0.0.1")) as server:
        assert await check_reachable(server.url(), LOOPBACK, trusting) == "127.0.0.1"


async def test_a_certificate_for_another_host_is_refused(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A certificate that names somebody else is told."""
    async with http_server(ssl_context=serving(authority, "other.example")) as server:
        with pytest.raises(UnreachableError, match=r"TLS certificate refused: .*not valid for"):
            await check_reachable(server.url(), LOOPBACK, trusting)


async def test_a_server_without_tls_is_told(trusting: ssl.SSLContext) -> None:
    """Where something else than TLS is spoken, it fails as TLS."""
    async with scripted_smtp(b"220 mail.example\r\n") as server:
        with pytest.raises(UnreachableError, match="TLS failed: "):
            await check_reachable(f"https://127.0.0.1:{server.port}/", LOOPBACK, trusting)


async def test_nobody_there_is_told(trusting: ssl.SSLContext) -> None:
    """A port without a listener is named by its address."""
    with pytest.raises(UnreachableError, match=r"cannot connect to 127\.0\.0\.1: Connection"):
        await check_reachable(f"http://127.0.0.1:{free_port()}/", LOOPBACK, trusting)


async def test_a_name_that_does_not_resolve_is_told(
    trusting: ssl.SSLContext, resolver: GuardedResolver
) -> None:
    """A name that no server can know is no crash."""
    with pytest.raises(UnreachableError, match="does not resolve"):
        await check_reachable(f"http://{'a' * 64}.example/", resolver, trusting)


async def test_the_guard_is_asked(trusting: ssl.SSLContext, resolver: GuardedResolver) -> None:
    """What deliveries may not connect to is not connected to here either."""
    async with http_server() as server:
        with pytest.raises(ForbiddenAddressError, match=r"127\.0\.0\.1 is not a public address"):
            await check_reachable(server.url(), resolver, trusting)
        assert server.connections == 0


async def test_listening_is_seen() -> None:
    """A listener is told from a port where nobody is."""
    async with http_server() as server:
        assert await listens("127.0.0.1", server.port, 5)
    assert not await listens("127.0.0.1", server.port, 5)
