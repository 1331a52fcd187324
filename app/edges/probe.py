"""Whether a destination can be reached, without sending it anything."""

import asyncio
import os
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from app.edges.guard import Resolver
from app.edges.http.proxied import AUTHENTICATION_REQUIRED
from app.policies.redaction import redact
from app.values.errors import NotifierError

TLS_PATIENCE = 4.0
_PORTS = {"http": 80, "https": 443}


class UnreachableError(NotifierError):
    """Nothing can be sent there; the text says why, without secret parts of an address."""


async def check_reachable(url: str, resolver: Resolver, tls_context: ssl.SSLContext) -> str:
    """Resolve a URL's host, connect and, for https, shake hands; then go.

    Args:
        url: ``http://`` or ``https://``; only scheme, host and port of it are used.

    Returns:
        The address that was connected to.

    Raises:
        UnreachableError: The name does not resolve, nobody listens, or TLS fails.
        ForbiddenAddressError: The resolver's guard refuses all of its addresses.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = tls_context if parts.scheme == "https" else None
    try:
        found = await resolver.resolve(host, port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreachableError(f"the host name does not resolve: {reason}") from None
    *others, last = (str(each[4][0]) for each in found)
    for address in others:
        with suppress(UnreachableError):
            await _connect(address, port, host, context)
            return address
    await _connect(last, port, host, context)
    return last


async def check_proxied(url: str, proxy: str, tls_context: ssl.SSLContext) -> None:
    """Ask for the root of a URL's host through a proxy; any answer means that it can be reached.

    Args:
        url: ``http://`` or ``https://``; only scheme, host and port of it are used.

    Raises:
        UnreachableError: The proxy is away, wants another login, or does not get there.
    """
    name = redact(proxy)
    root = httpx.URL(url).copy_with(raw_path=b"/", userinfo=b"")
    try:
        async with httpx.AsyncClient(proxy=proxy, verify=tls_context, trust_env=False) as client:
            answer = await client.head(root)
    except httpx.ProxyError as error:
        raise UnreachableError(f"the proxy {name} refuses: {error}") from None
    except httpx.ConnectError as error:
        raise UnreachableError(f"cannot connect through the proxy {name}: {error}") from None
    except httpx.HTTPError as error:
        raise UnreachableError(
            f"no answer through the proxy {name} ({type(error).__name__})"
        ) from None
    if answer.status_code == AUTHENTICATION_REQUIRED:
        raise UnreachableError(f"the proxy {name} wants another login (407)")


async def _connect(address: str, port: int, host: str, context: ssl.SSLContext | None) -> None:
    try:
        _, writer = await asyncio.open_connection(
            address,
            port,
            ssl=context,
            server_hostname=host if context else None,
            ssl_handshake_timeout=TLS_PATIENCE if context else None,
        )
    except ConnectionAbortedError:  # what asyncio makes of a handshake that does not come
        raise UnreachableError(f"TLS failed: no handshake within {TLS_PATIENCE:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(f"TLS certificate refused: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise UnreachableError(f"TLS failed: {error.reason}") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise UnreachableError(f"cannot connect to {address}: {reason}") from None
    await _close(writer)


async def listens(host: str, port: int, patience: float) -> bool:
    """Say whether somebody takes connections there.

    Args:
        host: A name or an address.
        patience: Seconds.
    """
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one, too
        return False
    await _close(writer)
    return True


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
