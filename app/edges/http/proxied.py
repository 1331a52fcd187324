"""The HTTP port through a proxy, by httpx: slower than the direct one, for every kind of proxy."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import aclosing, suppress
from functools import lru_cache
from typing import Any

import httpx

from app.edges.http.port import (
    MAX_ANSWER_BYTES,
    HttpAnswer,
    HttpConnectionError,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
)
from app.edges.http.request import encode_headers, parse_target
from app.policies.redaction import redact
from app.values.errors import NotifierError

IDLE_SECONDS = 15.0
KNOWN_URLS = 1024
AUTHENTICATION_REQUIRED = 407  # only a proxy says so (RFC 9110, section 15.5.8)


class ProxiedClient:
    """The HTTP port over one proxy.

    httpx's transport is called directly: the client's layers (cookies, redirects, event hooks)
    cost as much time as the request itself, and none of them is wanted here.

    Args:
        proxy: The proxy's URL, with its credentials.
        tls_context: Trusted certificates, of destinations.
        transport: Carries the requests; httpx's own, through the proxy, when left out.
    """

    def __init__(
        self,
        proxy: str,
        tls_context: ssl.SSLContext,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name = redact(proxy)
        self._transport = transport or httpx.AsyncHTTPTransport(
            verify=tls_context,
            proxy=httpx.Proxy(proxy),
            trust_env=False,
            # The lanes bound what is under way.
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=None,
                keepalive_expiry=IDLE_SECONDS,
            ),
        )
        self._parse = lru_cache(maxsize=KNOWN_URLS)(parse_target)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpAnswer:
        """POST a JSON body and return the answer; as ``HttpPort.begin``, in a coroutine.

        Raises:
            HttpError: No usable answer came; see its subclasses.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        target = self._parse(url)
        encode_headers(target, headers)  # httpx would report it as a bad answer
        dialled = _Dialled()
        request = httpx.Request(
            "POST",
            target.url,
            headers={**target.headers, **headers},
            content=body,
            extensions={"trace": dialled},
        )
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._transport.handle_async_request(request)
        except BaseException as error:
            await dialled.close()
            if not isinstance(error, Exception):
                raise
            # "from None": the library's own text may hold the URL.
            raise self._translated(error, timeout) from None
        answer = bytearray()
        await _read(response.stream, answer, deadline)
        if response.status_code == AUTHENTICATION_REQUIRED:
            raise HttpConnectionError(f"the proxy {self._name} wants another login (407)")
        return HttpAnswer(response.status_code, response.headers, bytes(answer[:MAX_ANSWER_BYTES]))

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    def _translated(self, error: Exception, timeout: float) -> NotifierError:
        """Translate one of httpx's errors by its type; its text may hold the URL."""
        through = f"through the proxy {self._name}"
        translated: NotifierError
        match error:
            case TimeoutError() | httpx.TimeoutException():
                translated = HttpTimeoutError(f"no answer within {timeout:g} s, {through}")
            case httpx.ProxyError():
                translated = HttpConnectionError(f"the proxy {self._name} refuses: {error}")
            case httpx.UnsupportedProtocol() | httpx.InvalidURL() | UnicodeError():
                translated = HttpRequestError("this is not a usable URL")
            case httpx.ConnectError():
                translated = HttpConnectionError(f"cannot connect, {through}")
            case httpx.NetworkError() | OSError():
                translated = HttpConnectionError(
                    f"the connection was lost before an answer came, {through}"
                )
            case _:
                translated = HttpProtocolError(f"the answer is not HTTP ({type(error).__name__})")
        return translated


class _Dialled:
    """Remembers what a request connected to, and closes it if the request fails.

    httpcore 1.0 leaves a connection open whose SOCKS handshake fails or is cancelled. It is called
    by its "trace" extension.
    """

    def __init__(self) -> None:
        self._stream: Any = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event."""
        if event.endswith(".connect_tcp.complete"):
            self._stream = info["return_value"]

    async def close(self) -> None:
        """Close what was connected to."""
        if self._stream is not None:
            await self._stream.aclose()


async def _read(
    stream: httpx.SyncByteStream | httpx.AsyncByteStream, answer: bytearray, deadline: float
) -> None:
    """Read the body as far as it comes, and release the connection."""
    if not isinstance(stream, httpx.AsyncByteStream):
        return
    # The status has been read, and counts even if the body fails.
    with suppress(Exception):
        async with aclosing(stream), asyncio.timeout_at(deadline):
            async for chunk in stream:
                answer += chunk
                if len(answer) >= MAX_ANSWER_BYTES:
                    break
