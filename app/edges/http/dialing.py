"""Dialling: resolves a name, checks the address, connects, and negotiates TLS."""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from app.edges.guard import AddressGuard, AddrInfo
from app.edges.http.addresses import AddressBook
from app.edges.http.port import HttpConnectionError
from app.edges.http.request import Origin

_ATTEMPT_SECONDS = 2.0
"""For one address while there are others: enough for a lost packet to be sent again."""

P = TypeVar("P", bound=asyncio.Protocol)


class Dialer:
    """Connects to origins.

    Args:
        guard: Checks the very address of every connection.
        addresses: Knows the addresses of names.
        tls_context: Trusted certificates.
    """

    def __init__(
        self, guard: AddressGuard, addresses: AddressBook, tls_context: ssl.SSLContext
    ) -> None:
        self._guard = guard
        self._addresses = addresses
        self._tls_context = tls_context

    async def connect(self, origin: Origin, make: Callable[[], P], deadline: float) -> P:
        """Connect to the first of the addresses that can be connected to.

        An address that does not connect is tried last from then on; while there are others, it gets
        only its share of the time.

        Args:
            origin: Whom to.
            make: Makes the protocol that the connection will be used by.
            deadline: The event loop's time at which the caller stops waiting.

        Raises:
            HttpConnectionError: No address can be connected to; the last one's reason.
            ForbiddenAddressError: The guard refuses.
        """
        *others, last = await self._find(origin)
        for tried, address in enumerate(others):
            left = deadline - asyncio.get_running_loop().time()
            share = left / (len(others) + 1 - tried)
            with suppress(OSError):  # TimeoutError is one, too
                async with asyncio.timeout(min(share, _ATTEMPT_SECONDS)):
                    return await self._connect_to(address, origin, make)
            self._addresses.try_last(origin.host, origin.port, address)
        try:
            return await self._connect_to(last, origin, make)
        except OSError as error:
            raise HttpConnectionError(_explain(error)) from None

    async def _find(self, origin: Origin) -> Sequence[AddrInfo]:
        try:
            return await self._addresses.find(origin.host, origin.port)
        except OSError as error:
            raise HttpConnectionError(f"the host name does not resolve: {error.strerror}") from None

    async def _connect_to(self, address: AddrInfo, origin: Origin, make: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        opened = self._guard.open_socket(address)
        try:
            opened.setblocking(False)
            await loop.sock_connect(opened, address[4])
            _, protocol = await loop.create_connection(
                make,
                sock=opened,
                ssl=self._tls_context if origin.tls else None,
                server_hostname=origin.host.rstrip(".") if origin.tls else None,
            )
        except BaseException:
            opened.close()
            raise
        return protocol


def _explain(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"cannot connect: TLS failed: {error.reason}"
    reason = os.strerror(error.errno) if error.errno else "the connection was lost at once"
    return f"cannot connect: {reason}"
