"""The outbound address guard: webhooks connect to public addresses only.

See docs/access.md#outbound-webhooks.
"""

import socket
from collections.abc import Iterable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import islice
from typing import Any, Protocol

from app.edges.lookups import Lookups
from app.edges.own_addresses import OwnAddresses
from app.values.errors import ForbiddenAddressError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""Family, kind, protocol, canonical name, socket address: as ``socket.getaddrinfo`` gives them."""

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has handed out for general use
MOST_ADDRESSES = 16
"""Of one name: there is no time to try more, and a name server may answer with thousands."""
MOST_NAMED = 3


class AddressGuard:
    """Decides which socket addresses may be connected to.

    Args:
        allowed_networks: Networks that are exempt, as the operator configured them.
        exempt: Exact (host, port) pairs that are exempt: the inbox.
        own: The control plane's addresses: refused even if a setting allows them.
    """

    def __init__(
        self,
        allowed_networks: Sequence[Network] = (),
        exempt: frozenset[tuple[str, int]] = frozenset(),
        own: OwnAddresses | None = None,
    ) -> None:
        self._allowed_networks = tuple(allowed_networks)
        self._exempt = exempt
        self._own = own or OwnAddresses()

    def allows(self, host: str, port: int) -> bool:
        """Say whether a numeric address may be connected to."""
        if (host, port) in self._exempt:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False  # only numeric addresses are ever connected to
        return is_public(_destination(address)) or self._in_allowed_network(address)

    @property
    def has_exemptions(self) -> bool:
        """Whether there are addresses that are not public and may be connected to."""
        return bool(self._exempt or self._allowed_networks)

    def exempts(self, host: str, port: int, *, networks: bool) -> bool:
        """Say whether a numeric address was named as an exception.

        Args:
            networks: Whether the allowed networks count, besides the inbox.
        """
        if (host, port) in self._exempt:
            return True
        return networks and self._in_allowed_network(ip_address(host))

    def check(self, host: str, port: int) -> None:
        """Check a numeric address.

        Raises:
            ForbiddenAddressError: It is not public, or this service's own.
        """
        if not self.allows(host, port):
            raise _forbidden([host])
        if self._own.covers(host, port):
            raise ForbiddenAddressError(
                f"{host}:{port} is this service's own control plane, which webhooks never reach"
            )

    def open_socket(self, addr_info: AddrInfo) -> socket.socket:
        """Make the socket of one connection; its address is checked here, however it was resolved.

        Raises:
            ForbiddenAddressError: The address is not public, or this service's own.
        """
        family, kind, protocol, _, (host, port, *_) = addr_info
        self.check(host, port)
        return socket.socket(family, kind, protocol)

    def _in_allowed_network(self, address: Address) -> bool:
        either = (address, _destination(address))
        return any(each in network for network in self._allowed_networks for each in either)


class Resolver(Protocol):
    """Finds addresses."""

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        """Return the addresses that may be connected to, at least one."""
        ...


class GuardedResolver:
    """Resolves names to those of their addresses that the guard allows."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._lookups = Lookups()

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        """Return the addresses that may be connected to, at least one.

        Raises:
            OSError: The name does not resolve.
            ForbiddenAddressError: It resolves to addresses that are not public.
        """
        found = await self._lookups.run(host, partial(_look_up, host, port))
        allowed = [each for each in found if self._guard.allows(_host(each), port)]
        if not allowed:
            raise _forbidden(map(_host, found))
        return allowed[:MOST_ADDRESSES]


def is_public(address: Address) -> bool:
    """Say whether an address is reachable by, and meant for, the public Internet."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _destination(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _look_up(host: str, port: int) -> Sequence[AddrInfo]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


def _host(address: AddrInfo) -> str:
    return str(address[4][0])


def _forbidden(addresses: Iterable[str]) -> ForbiddenAddressError:
    return ForbiddenAddressError(
        f"{', '.join(islice(addresses, MOST_NAMED))} is not a public address; "
        "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS opens exceptions"
    )
