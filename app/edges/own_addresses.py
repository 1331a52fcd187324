"""The addresses of this service's own control plane: webhooks must never connect to them."""

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
Endpoint = tuple[str, int]
"""A numeric address, ``0.0.0.0`` and ``::`` among them, and a port."""

_UNSPECIFIED: Mapping[Address, Address] = {
    IPv4Address(0): IPv4Address("127.0.0.1"),
    IPv6Address(0): IPv6Address(1),
}
"""The addresses at which a connection to the unspecified address ends."""


class OwnAddresses:
    """Tells addresses that lead to this service's own control plane, however they are written.

    The server tells its addresses if it can be asked; beyond that, each request tells the address
    that it came in by.

    Args:
        listening: Returns the server's addresses now; None if it cannot be asked.
        scheme: ``https`` if the server speaks TLS itself.
    """

    def __init__(
        self, listening: Callable[[], Iterable[Endpoint]] | None = None, scheme: str = "http"
    ) -> None:
        self._scheme = scheme
        self._listening = listening or tuple
        self._learned: set[Endpoint] = set()
        self.known = listening is not None  # whether the server can be asked

    def learn(self, host: str, port: int) -> None:
        """Remember the address at which a request came in."""
        self._learned.add((host, port))

    def url(self, towards: str) -> str | None:
        """Return the address of the control plane for others; None while there is none.

        It may look up a name, and then takes long.

        Args:
            towards: ``host:port,…`` of what others reach as well: if the server listens at every
                address, the one is told that leads there.
        """
        for host, port in tuple(self._listening()) or sorted(self._learned):
            if ip_address(host).is_unspecified:
                host = _address_towards(towards) or socket.gethostname()  # noqa: PLW2901 - the one it stands for
            return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        return None

    def covers(self, host: str, port: int) -> bool:
        """Say whether a connection to this numeric address would end at the control plane."""
        ports = (*self._listening(), *self._learned)
        if all(port != own for _, own in ports):
            return False
        target = _plain(ip_address(host))
        return any(_meets(ip_address(own), target) for own, at in ports if at == port)


def _meets(listening: Address, target: Address) -> bool:
    """Say whether a connection to the target reaches who listens there, or at every address."""
    if not listening.is_unspecified:
        return _plain(listening) == target
    # A socket at "::" takes IPv4 as well.
    return listening.version in (6, target.version) and _is_here(target)


def _plain(address: Address) -> Address:
    """Return the address that a connection to an address really reaches."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return _UNSPECIFIED.get(mapped or address, mapped or address)


def _is_here(address: Address) -> bool:
    """Say whether an address is one of this machine's: others cannot be bound."""
    if address.is_loopback:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def _address_towards(servers: str) -> str | None:
    """Return this machine's address on the way to one of some servers; nothing is sent."""
    for each in servers.split(","):
        host, _, port = each.strip().rpartition(":")
        with suppress(OSError, ValueError):
            found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
            family, kind, _, _, address = found[0]
            with socket.socket(family, kind) as probe:
                probe.connect(address)
                return str(probe.getsockname()[0])
    return None
