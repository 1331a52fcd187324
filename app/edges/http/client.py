"""The HTTP port for deliveries: the part of HTTP/1.1 that a webhook needs, made fast."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache

from app.edges.guard import AddressGuard, GuardedResolver
from app.edges.http.addresses import AddressBook
from app.edges.http.dialing import Dialer
from app.edges.http.exchange import DirectExchange
from app.edges.http.pool import Pool
from app.edges.http.port import HttpPort, HttpRequestError, Then
from app.edges.http.request import compose, parse_target
from app.edges.http.ways import RoutedClient, Way
from app.edges.tls import default_tls_context
from app.policies.addresses.proxies import Proxies

_KNOWN_URLS = 1024


class DirectClient:
    """The HTTP port over asyncio: POST, keep-alive, TLS; no redirects, proxies, cookies.

    **When a request is sent again.** A destination closes connections that were idle for long,
    and may do so at the very moment at which one is used again. That is noticed: the request fails
    at once and not a byte of an answer has come. It is then sent once more, on a new connection.
    Nobody can be sure that the destination has not worked on the first one (it may have crashed
    over it), and a POST is not idempotent by itself. But what counts as a failed attempt is sent
    again a little later in any case, because every notification is delivered at least once; so
    nothing is repeated that would not be repeated otherwise, with the same ``webhook-id``. An
    answer that has begun, a loss later than ``STALE_SECONDS`` after sending, which a crash
    explains better, and a loss on a new connection are failed attempts.

    Args:
        pool: Has connections, and makes new ones.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._prepared: list[DirectExchange] = []
        self._parse = lru_cache(maxsize=_KNOWN_URLS)(parse_target)

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> DirectExchange:
        """See ``HttpPort.begin``."""
        exchange = DirectExchange(self._pool, self._loop, timeout, then)
        try:
            target = self._parse(url)
            request = compose(target, body, headers)
        except HttpRequestError as error:
            exchange.refuse(error)
        else:
            exchange.prepare(target.origin, request)
            if not self._prepared:
                self._loop.call_soon(self._start_prepared)
            self._prepared.append(exchange)
        return exchange

    def _start_prepared(self) -> None:
        """Send all requests of one turn of the event loop, one directly after the other.

        To build each request between two system calls instead takes a tenth longer.
        """
        prepared, self._prepared = self._prepared, []
        for exchange in prepared:
            exchange.start()


@asynccontextmanager
async def open_http_client(
    guard: AddressGuard,
    tls_context: ssl.SSLContext | None = None,
    proxies: Proxies | None = None,
) -> AsyncIterator[HttpPort]:
    """Open the HTTP port for deliveries.

    Args:
        guard: Checks every connection.
        tls_context: Trusted certificates; it is set to offer HTTP/1.1 alone. The usual ones when
            left out.
        proxies: Which requests go through a proxy; None for none of them.
    """
    context = tls_context or default_tls_context()
    context.set_alpn_protocols(["http/1.1"])
    resolver = GuardedResolver(guard)
    addresses = AddressBook(resolver)
    pool = Pool(Dialer(guard, addresses, context))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(addresses.close)
        stack.push_async_callback(pool.close)
        direct = DirectClient(pool)
        if proxies is None:
            yield direct
            return
        routed = RoutedClient(direct, proxies, Way(proxies, guard, addresses), context)
        stack.push_async_callback(routed.close)
        yield routed
