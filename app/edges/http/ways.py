"""The way to a destination: directly, or through a proxy."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import lru_cache, partial
from ipaddress import ip_address

from app.edges.callbacks import InTasks, end_of
from app.edges.guard import AddressGuard
from app.edges.http.addresses import AddressBook
from app.edges.http.port import Exchange, HttpAnswer, HttpPort, Then
from app.edges.http.proxied import KNOWN_URLS, ProxiedClient
from app.edges.http.request import Origin, parse_target
from app.policies.addresses.host_names import host_of_url
from app.policies.addresses.proxies import Proxies
from app.values.errors import ForbiddenAddressError

LOOKUP_SECONDS = 2.0
"""Seconds; behind a proxy many names do not resolve, and the wait for that is short."""


class Way:
    """Chooses the way to an origin.

    A proxy resolves names by itself, so that the guard never sees their addresses: the proxy is
    responsible for what it connects to. Addresses in a URL are still refused unless they are public
    or allowed, and the inbox is always reached directly. With proxies from the environment, so are
    loopback and the allowed networks: the variables are not meant for them.

    Args:
        proxies: Which proxy is for what.
        guard: Knows which addresses are allowed.
        addresses: Knows the addresses of names.
    """

    def __init__(self, proxies: Proxies, guard: AddressGuard, addresses: AddressBook) -> None:
        self._proxies = proxies
        self._guard = guard
        self._addresses = addresses

    async def proxy_for(self, origin: Origin) -> str | None:
        """Return the URL of the proxy that leads to an origin, or None for the direct way.

        Raises:
            ForbiddenAddressError: It is an address that is neither public nor allowed.
        """
        scheme = "https" if origin.tls else "http"
        proxy = self._proxies.proxy_for(scheme, origin.host, origin.port)
        if proxy is None:
            return None
        literal = _literal(origin.host)
        if literal is None:
            return None if await self._is_near(origin) else proxy
        if self._guard.exempts(literal, origin.port, networks=self._proxies.from_environment):
            return None
        self._guard.check(literal, origin.port)
        return proxy

    async def _is_near(self, origin: Origin) -> bool:
        """Say whether a name is of an allowed network, which no proxy of the environment is for."""
        if not (self._proxies.from_environment and self._guard.has_exemptions):
            return False
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await self._addresses.find(origin.host, origin.port)
        except (OSError, ForbiddenAddressError):  # TimeoutError is the first, too
            return False
        hosts = (str(address[4][0]) for address in found)
        return all(self._guard.exempts(host, origin.port, networks=True) for host in hosts)


class RoutedClient:
    """The HTTP port if there are proxies: each request takes the way that leads to its origin.

    Args:
        direct: The port without proxies.
        proxies: Which proxy is for what.
        way: Chooses between them.
        tls_context: Trusted certificates.
    """

    def __init__(
        self, direct: HttpPort, proxies: Proxies, way: Way, tls_context: ssl.SSLContext
    ) -> None:
        self._direct = direct
        self._way = way
        self._parse = lru_cache(maxsize=KNOWN_URLS)(parse_target)
        urls = dict.fromkeys(filter(None, (proxies.http, proxies.https)))
        self._clients = {url: ProxiedClient(url, tls_context) for url in urls}
        self._tasks = InTasks("send through a proxy")

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> Exchange:
        """See ``HttpPort.begin``."""
        return self._tasks.begin(self._post(url, body, headers, timeout), then)

    async def close(self) -> None:
        """Close the connections to the proxies."""
        await self._tasks.close()
        await asyncio.gather(*(client.close() for client in self._clients.values()))

    async def _post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        proxy = await self._way.proxy_for(self._parse(url).origin)
        left = deadline - loop.time()
        if proxy is not None:
            return await self._clients[proxy].post(url, body, headers, left)
        direct: HttpAnswer = await end_of(partial(self._direct.begin, url, body, headers, left))
        return direct


def _literal(host: str) -> str | None:
    """Return the address that a host is written as, or None for a name."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host_of_url(host)))
    except ValueError:
        return None
