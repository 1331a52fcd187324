"""The HTTP client of deliveries, with names that resolve as a test wants them to."""

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

from app.edges.callbacks import end_of
from app.edges.guard import AddressGuard, AddrInfo
from app.edges.http import HttpAnswer, HttpPort, Then
from app.edges.http.addresses import AddressBook
from app.edges.http.client import DirectClient
from app.edges.http.connection import IDLE_SECONDS, Connection
from app.edges.http.dialing import Dialer
from app.edges.http.pool import Pool
from app.edges.http.proxied import ProxiedClient

LOOPBACK = AddressGuard([ip_network("127.0.0.0/8")])
TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For tests without TLS: it is made in no time."""


def address(host: str, port: int) -> AddrInfo:
    """Return an IPv4 address as a resolver gives it."""
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


class Names:
    """Gives every name these addresses."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts
        self.asked = 0  # how often

    async def resolve(self, _host: str, port: int) -> list[AddrInfo]:
        """Return the addresses."""
        self.asked += 1
        return [address(host, port) for host in self.hosts]


async def post_over(
    http: HttpPort | ProxiedClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
) -> HttpAnswer:
    """POST and return the answer, or raise what comes instead."""
    if isinstance(http, ProxiedClient):
        return await http.post(url, body, headers, timeout)
    answer: HttpAnswer = await end_of(partial(http.begin, url, body, headers, timeout))
    return answer


class _Sent:
    def __init__(self, connection: Connection, request: bytes, deadline: float, then: Then) -> None:
        self._connection = connection
        self._then = then
        connection.send(request, deadline, then)

    def cancel(self) -> None:
        """Let go of it."""
        self._connection.forget(self._then)


async def exchange_over(connection: Connection, request: bytes, deadline: float) -> HttpAnswer:
    """Send a request over one connection and return its answer."""
    answer: HttpAnswer = await end_of(partial(_Sent, connection, request, deadline))
    return answer


@asynccontextmanager
async def client(
    names: Names | None = None,
    guard: AddressGuard = LOOPBACK,
    tls_context: ssl.SSLContext = TRUSTING_NOBODY,
    idle_seconds: float = IDLE_SECONDS,
) -> AsyncIterator[DirectClient]:
    """Open a client."""
    addresses = AddressBook(names or Names("127.0.0.1"))
    pool = Pool(Dialer(guard, addresses, tls_context), idle_seconds)
    try:
        yield DirectClient(pool)
    finally:
        await pool.close()
        await addresses.close()
