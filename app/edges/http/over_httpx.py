"""The HTTP port over httpx: with any of its transports, at several times the processor time."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from functools import lru_cache

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

from app.edges.guard import AddressGuard, GuardedResolver
from app.edges.http.addresses import KNOWN_SECONDS
from app.edges.http.port import (
    MAX_ANSWER_BYTES,
    HttpAnswer,
    HttpConnectionError,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
)
from app.edges.http.request import encode_headers, parse_target
from app.edges.tls import default_tls_context
from app.values.errors import ForbiddenAddressError, NotifierError

_KNOWN_URLS = 1024


class HttpClient:
    """The HTTP port over any of httpx's transports, called directly.

    httpx's client layers (cookies, redirects, event hooks) cost as much time as the request
    itself, and none of them is wanted here.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._parse = lru_cache(maxsize=_KNOWN_URLS)(parse_target)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        """See ``HttpPort.post``."""
        deadline = asyncio.get_running_loop().time() + timeout
        target = self._parse(url)
        encode_headers(headers)  # a transport's own complaint would pass for a bad answer
        request = httpx.Request(
            "POST", target.url, headers={**target.headers, **headers}, content=body
        )
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._transport.handle_async_request(request)
        except Exception as error:  # noqa: BLE001 -- whatever a parser trips over is an answer too
            # "from None": the library's own text may hold the URL.
            raise _translate(error, timeout) from None
        answer = bytearray()
        await _read(response.stream, answer, deadline)
        return HttpAnswer(response.status_code, response.headers, bytes(answer[:MAX_ANSWER_BYTES]))


@asynccontextmanager
async def open_httpx_client(
    guard: AddressGuard, tls_context: ssl.SSLContext | None = None
) -> AsyncIterator[HttpClient]:
    """Open the HTTP port over httpx and aiohttp, to compare with (needs the test extra).

    Args:
        guard: Checks every connection.
        tls_context: Trusted certificates; the usual ones when left out.
    """
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415 -- not there at run time

    context = tls_context or default_tls_context()
    resolver = _Resolver(guard)
    connector = aiohttp.TCPConnector(
        limit=0,  # the lanes bound what is under way
        resolver=resolver,
        ttl_dns_cache=KNOWN_SECONDS,
        socket_factory=guard.open_socket,
        ssl=context,
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )
    try:
        yield HttpClient(AiohttpTransport(verify=context, client=session))
    finally:
        await session.close()
        await resolver.close()


class _Resolver(AbstractResolver):
    """The guarded resolver, as aiohttp wants it."""

    def __init__(self, guard: AddressGuard) -> None:
        self._resolver = GuardedResolver(guard)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 -- aiohttp names it
    ) -> list[ResolveResult]:
        """Return the addresses that may be connected to, of whatever family."""
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=found_family,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, _, _, _, sockaddr in await self._resolver.resolve(host, port)
        ]

    async def close(self) -> None:
        """Let go of the threads."""
        await self._resolver.close()


async def _read(
    stream: httpx.SyncByteStream | httpx.AsyncByteStream, answer: bytearray, deadline: float
) -> None:
    """Read the body as far as it comes, and let go of the connection."""
    if not isinstance(stream, httpx.AsyncByteStream):
        return
    # Whatever becomes of the body, the status has been read, and it stands.
    with suppress(Exception):
        async with aclosing(stream), asyncio.timeout_at(deadline):
            async for chunk in stream:
                answer += chunk
                if len(answer) >= MAX_ANSWER_BYTES:
                    break


def _translate(error: Exception, timeout: float) -> NotifierError:
    """Turn a library's exception into one of ours, by its type; its text may hold the URL."""
    # httpx-aiohttp maps coarsely (a refused connection becomes ConnectTimeout): look beneath.
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    translated: NotifierError
    match cause:
        case ForbiddenAddressError():
            translated = cause
        case TimeoutError() | httpx.TimeoutException():
            translated = HttpTimeoutError(f"no answer within {timeout:g} s")
        case aiohttp.ClientConnectorDNSError():
            translated = HttpConnectionError(f"the host name does not resolve: {cause.strerror}")
        case aiohttp.ClientConnectorCertificateError():
            translated = HttpConnectionError(f"TLS certificate refused: {cause.certificate_error}")
        case aiohttp.ClientConnectorError():
            translated = HttpConnectionError(f"cannot connect: {cause.strerror}")
        case aiohttp.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
            translated = HttpRequestError("this is not a usable URL")
        case aiohttp.ClientConnectionError() | httpx.NetworkError() | OSError():
            translated = HttpConnectionError("the connection was lost before an answer came")
        case _:
            translated = HttpProtocolError(f"the answer is not HTTP ({type(cause).__name__})")
    return translated
