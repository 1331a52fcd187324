"""Which way leads where: guard, inbox, allowed networks, names."""

from ipaddress import ip_network

import pytest

from app.edges.guard import AddressGuard, AddrInfo
from app.edges.http.addresses import AddressBook
from app.edges.http.request import Origin
from app.edges.http.ways import Way
from app.policies.addresses.proxies import Proxies
from app.values.errors import ForbiddenAddressError
from tests.support.http_client import Names

PROXY = "http://proxy.example:3128"
GUARD = AddressGuard([ip_network("10.0.0.0/8")], frozenset({("127.0.0.1", 8025)}))


def way(*, from_environment: bool, names: Names | None = None) -> Way:
    """Return what chooses, with everything through one proxy."""
    proxies = Proxies(PROXY, PROXY, (), "test", from_environment=from_environment)
    return Way(proxies, GUARD, AddressBook(names or Names("203.0.113.7")))


def origin(host: str, port: int = 443) -> Origin:
    """Return an origin."""
    return Origin(tls=True, host=host, port=port)


@pytest.mark.parametrize("from_environment", [True, False])
async def test_names_go_through_the_proxy(from_environment: bool) -> None:
    """Wherever they lead: the proxy resolves them."""
    chosen = way(from_environment=from_environment)
    assert await chosen.proxy_for(origin("hooks.example")) == PROXY
    assert await chosen.proxy_for(origin("93.184.216.34")) == PROXY


@pytest.mark.parametrize("from_environment", [True, False])
@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "::ffff:127.0.0.1",
        ),
        *("localhost", "localhost.", "a.localhost", "192.168.0.1", "::1", "169.254.1.1"),
    ],
)
async def test_private_addresses_stay_refused(from_environment: bool, host: str) -> None:
    """What stands in the URL is checked, and never left to the proxy."""
    with pytest.raises(ForbiddenAddressError):
        await way(from_environment=from_environment).proxy_for(origin(host))


@pytest.mark.parametrize("from_environment", [True, False])
async def test_the_inbox_is_near(from_environment: bool) -> None:
    """It is reached directly, whoever named the proxy."""
    chosen = way(from_environment=from_environment)
    assert await chosen.proxy_for(origin("127.0.0.1", 8025)) is None


async def test_allowed_networks_are_near_for_the_environments_proxies() -> None:
    """By address and by name; a proxy that was set for this service is meant for them, too."""
    inside = Names("10.1.2.3")
    chosen = way(from_environment=True, names=inside)
    assert await chosen.proxy_for(origin("10.1.2.3")) is None
    assert await chosen.proxy_for(origin("hooks.internal")) is None
    chosen = way(from_environment=False, names=inside)
    assert await chosen.proxy_for(origin("10.1.2.3")) == PROXY
    assert await chosen.proxy_for(origin("hooks.internal")) == PROXY
    assert inside.asked == 1


async def test_a_name_that_does_not_resolve_here_is_the_proxys() -> None:
    """Behind a proxy there may be no name server at all."""

    class NoServer(Names):
        async def resolve(self, _host: str, _port: int) -> list[AddrInfo]:
            raise OSError(-3, "Temporary failure in name resolution")

    chosen = way(from_environment=True, names=NoServer())
    assert await chosen.proxy_for(origin("hooks.example")) == PROXY
