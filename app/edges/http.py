"""The HTTP port: one POST to a destination that may answer anything at all, or nothing."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from functools import lru_cache
from typing import Protocol

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from app.edges.guard import AddressGuard, GuardedResolver
from app.edges.tls import default_tls_context
from app.values.errors import ForbiddenAddressError, NotifierError

MAX_ANSWER_BYTES = 64 * 1024
_KNOWN_URLS = 1024
_NAMES_KEPT_SECONDS = 30
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?")  # a name, or IPv6


class HttpError(NotifierError):
    """No usable answer came. The text can be shown: it never holds the URL."""


class HttpRequestError(HttpError):
    """The request cannot be made at all; trying again changes nothing."""


class HttpTimeoutError(HttpError):
    """No answer in time."""


class HttpConnectionError(HttpError):
    """There was no connection, or it was lost before the answer."""


class HttpProtocolError(HttpError):
    """What came back is not HTTP."""


class HttpAnswer(msgspec.Struct, frozen=True):
    """What a destination answered.

    Attributes:
        status: The status code, whatever its value.
        headers: Not case-sensitive.
        body: At most ``MAX_ANSWER_BYTES``, as sent (never decompressed), less when the rest did
            not come: the status stands all the same.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpPort(Protocol):
    """Sends JSON to webhooks."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        """POST a JSON body and return the answer; redirects are not followed.

        Args:
            url: Where to; secret.
            body: The JSON text.
            headers: Further headers.
            timeout: Seconds for everything together: connecting, sending, and the answer.

        Raises:
            HttpError: No usable answer came; see its subclasses.
            ForbiddenAddressError: The guard refused the connection.
        """
        ...


class HttpClient:
    """The HTTP port over any of httpx's transports, called directly.

    httpx's client layers (cookies, redirects, event hooks) cost as much time as the request
    itself, and none of them is wanted here.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._parse = lru_cache(maxsize=_KNOWN_URLS)(_parse_url)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        """See ``HttpPort.post``."""
        deadline = asyncio.get_running_loop().time() + timeout
        target = self._parse(url)
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
async def open_http_client(
    guard: AddressGuard, tls_context: ssl.SSLContext | None = None
) -> AsyncIterator[HttpClient]:
    """Open the HTTP port for deliveries: keep-alive, guarded, no proxies, no cookies.

    Args:
        guard: Checks every connection.
        tls_context: Trusted certificates; those of httpx and of the system when left out.
    """
    context = tls_context or default_tls_context()
    resolver = GuardedResolver(guard)
    connector = aiohttp.TCPConnector(
        limit=0,  # the lanes bound what is under way
        resolver=resolver,
        ttl_dns_cache=_NAMES_KEPT_SECONDS,
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


class _Target(msgspec.Struct, frozen=True):
    url: httpx.URL
    headers: Mapping[str, str]


def _parse_url(url: str) -> _Target:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise HttpRequestError("this is not a usable URL") from None
    if parsed.scheme not in ("http", "https") or not _HOST.fullmatch(parsed.raw_host):
        raise HttpRequestError("the URL must begin with http:// or https:// and name a host")
    headers = {
        "Host": parsed.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": "notification-worker",
    }
    return _Target(parsed, headers)


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
