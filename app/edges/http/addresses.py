"""The addresses of hosts, cached for a while."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from itertools import zip_longest

from app.edges.guard import AddrInfo, Resolver

KNOWN_SECONDS = 30
_KNOWN_NAMES = 1024


class AddressBook:
    """Asks a resolver, once for all that need the same host at the same time.

    Args:
        resolver: Gives the addresses that may be connected to.
        known_seconds: How long they are cached.
    """

    def __init__(self, resolver: Resolver, known_seconds: float = KNOWN_SECONDS) -> None:
        self._resolver = resolver
        self._known_seconds = known_seconds
        self._known: dict[tuple[str, int], tuple[float, list[AddrInfo]]] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[list[AddrInfo]]] = {}

    async def find(self, host: str, port: int) -> Sequence[AddrInfo]:
        """Return a host's addresses in the order in which to try them, at least one.

        Args:
            host: A name, or an address without brackets.
            port: The port.

        Raises:
            OSError: The name does not resolve.
            ForbiddenAddressError: It has no address that may be connected to.
        """
        if (literal := _literal(host, port)) is not None:
            return [literal]
        name = (host, port)
        until, known = self._known.get(name, (0.0, []))
        if asyncio.get_running_loop().time() < until:
            return known.copy()
        asking = self._asking.get(name)
        if asking is None:
            asking = asyncio.create_task(self._ask(name), name=f"look up {host}")
            self._asking[name] = asking
        # The first caller may give up first: the others still need the answer.
        return (await asyncio.shield(asking)).copy()

    def try_last(self, host: str, port: int, address: AddrInfo) -> None:
        """Try an address that did not connect after the others, for as long as they are cached."""
        _, known = self._known.get((host, port), (0.0, []))
        if address in known:
            known.remove(address)
            known.append(address)

    async def close(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, name: tuple[str, int]) -> list[AddrInfo]:
        try:
            found = _alternating(await self._resolver.resolve(*name))
        finally:
            del self._asking[name]
        self._known.pop(name, None)
        if len(self._known) >= _KNOWN_NAMES:
            del self._known[next(iter(self._known))]  # the one that was asked for longest ago
        self._known[name] = (asyncio.get_running_loop().time() + self._known_seconds, found)
        return found


def _literal(host: str, port: int) -> AddrInfo | None:
    """Return the address that a host is written as, or None for a name."""
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return None
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


def _alternating(found: Iterable[AddrInfo]) -> list[AddrInfo]:
    """Return addresses, IPv6 and IPv4 in turn: often one of the two does not connect."""
    families: dict[int, list[AddrInfo]] = {}
    for each in found:
        families.setdefault(each[0], []).append(each)
    turns = zip_longest(*families.values())
    return [each for turn in turns for each in turn if each is not None]
