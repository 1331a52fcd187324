"""The HTTP port through a proxy: httpx's answers and errors, and real proxies."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
import trustme
from pytest_httpx import HTTPXMock

from app.edges.http import (
    HttpConnectionError,
    HttpError,
    HttpPort,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
    open_http_client,
)
from app.edges.http.proxied import ProxiedClient
from app.policies.addresses.proxies import Proxies
from tests.support.http_client import LOOPBACK, TRUSTING_NOBODY, post_over
from tests.support.http_server import Answer, HttpServer, http_server
from tests.support.proxies import microsocks, tinyproxy
from tests.support.raw_server import Peer, raw_server
from tests.support.service import free_port
from tests.support.tls import serving, trusting

PROXY = "http://user:very-secret@proxy.example:3128"
URL = "https://hooks.example/secret"


def through(url: str) -> Proxies:
    """Return a setting that sends everything through one proxy."""
    return Proxies(url, url, (), "NOTIFIER_WEBHOOK__PROXY", from_environment=False)


def opened(
    url: str, tls_context: ssl.SSLContext = TRUSTING_NOBODY
) -> AbstractAsyncContextManager[HttpPort]:
    """Open the port, allowed to reach this machine, through a proxy."""
    return open_http_client(LOOPBACK, tls_context, through(url))


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    """A server that answers as told."""
    async with http_server() as running:
        yield running


async def test_an_answer_comes_through(httpx_mock: HTTPXMock) -> None:
    """Status, headers and body of the destination; the request is the one that was to be sent."""
    httpx_mock.add_response(status_code=429, headers={"Retry-After": "3"}, content=b"slow down")
    client = ProxiedClient(PROXY, TRUSTING_NOBODY)
    answer = await client.post(URL, b'{"a":1}', {"webhook-id": "7"}, 5)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "3", b"slow down")
    (request,) = httpx_mock.get_requests()
    assert request.content == b'{"a":1}'
    assert request.headers["webhook-id"] == "7"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ConnectError("secret"), HttpConnectionError),
        (httpx.ReadError("secret"), HttpConnectionError),
        (httpx.ProxyError("403 Filtered"), HttpConnectionError),
        (httpx.ReadTimeout("secret"), HttpTimeoutError),
        (httpx.RemoteProtocolError("secret"), HttpProtocolError),
        (httpx.UnsupportedProtocol("secret"), HttpRequestError),
        (RuntimeError("secret"), HttpProtocolError),
    ],
)
async def test_httpxs_errors_become_the_ports(
    httpx_mock: HTTPXMock, raised: Exception, expected: type[HttpError]
) -> None:
    """They bring no URL and no password along."""
    httpx_mock.add_exception(raised)
    with pytest.raises(expected) as caught:
        await ProxiedClient(PROXY, TRUSTING_NOBODY).post(URL, b"{}", {}, 5)
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_wants_a_login_refuses_no_notification(httpx_mock: HTTPXMock) -> None:
    """Only a proxy answers 407: it is not the destination's word."""
    httpx_mock.add_response(status_code=407)
    with pytest.raises(HttpConnectionError, match=r"http://proxy\.example:3128 wants .* login"):
        await ProxiedClient(PROXY, TRUSTING_NOBODY).post("http://hooks.example/", b"{}", {}, 5)


async def test_a_blocking_transports_body_is_not_read() -> None:
    """Its answer is the status alone."""

    class Blocking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            class Stream(httpx.SyncByteStream):
                pass

            return httpx.Response(200, stream=Stream())

    client = ProxiedClient(PROXY, TRUSTING_NOBODY, Blocking())
    answer = await client.post(URL, b"{}", {}, 5)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.untraced  # two hundred times the same
@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_two_hundred_at_once_through_tinyproxy(tmp_path: Path, server: HttpServer) -> None:
    """Each gets its own answer."""
    async with tinyproxy(tmp_path) as proxy, opened(f"http://{proxy}") as http:
        posts = (post_over(http, server.url(f"/{n}"), b"%d" % n, {}, 30) for n in range(200))
        answers = await asyncio.gather(*posts)
    assert [answer.status for answer in answers] == [204] * 200
    assert sorted(int(each.body) for each in server.received) == list(range(200))


async def test_tls_goes_through_a_tunnel(tmp_path: Path) -> None:
    """The proxy sees neither request nor answer; the destination's certificate is checked."""
    authority = trustme.CA()
    async with (
        http_server(ssl_context=serving(authority, "localhost")) as server,
        tinyproxy(tmp_path) as proxy,
    ):
        url = f"https://localhost:{server.port}/secret"
        async with opened(f"http://{proxy}", trusting(authority)) as http:
            assert (await post_over(http, url, b"{}", {}, 10)).status == 204
        async with opened(f"http://{proxy}", ssl.create_default_context()) as http:
            with pytest.raises(HttpConnectionError):
                await post_over(http, url, b"{}", {}, 10)


async def test_a_login_at_tinyproxy(tmp_path: Path, server: HttpServer) -> None:
    """Credentials stand in the proxy's URL; a wrong one refuses no notification for good."""
    async with tinyproxy(tmp_path, "user pa55word") as proxy:
        async with opened(f"http://user:pa55word@{proxy}") as http:
            assert (await post_over(http, server.url(), b"{}", {}, 10)).status == 204
        async with opened(f"http://user:wrong@{proxy}") as http:
            with pytest.raises(HttpConnectionError, match="refuses"):
                await post_over(http, f"https://127.0.0.1:{server.port}/", b"{}", {}, 10)
    assert len(server.received) == 1


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_microsocks_resolves_names(server: HttpServer, scheme: str) -> None:
    """The proxy looks names up, and asks for the login of its URL."""
    async with microsocks(("user", "pa55word")) as proxy:
        async with opened(f"{scheme}://user:pa55word@{proxy}") as http:
            url = f"http://localhost:{server.port}/"
            assert (await post_over(http, url, b"{}", {}, 10)).status == 204
        async with opened(f"{scheme}://user:wrong@{proxy}") as http:
            with pytest.raises(HttpConnectionError, match="refuses"):
                await post_over(http, server.url(), b"{}", {}, 10)


async def test_a_proxy_that_hangs_costs_the_time_out(server: HttpServer) -> None:
    """And one that is not there fails at once; both may pass, and the proxy is named."""

    async def hang(peer: Peer) -> None:
        await peer.closed()

    async with raw_server(hang) as proxy, opened(f"http://127.0.0.1:{proxy.port}") as http:
        with pytest.raises(HttpTimeoutError, match=f"through the proxy .*:{proxy.port}"):
            await post_over(http, server.url(), b"{}", {}, 0.2)
    away = free_port()
    async with opened(f"http://127.0.0.1:{away}") as http:
        with pytest.raises(HttpConnectionError, match=f"through the proxy .*:{away}"):
            await post_over(http, server.url(), b"{}", {}, 5)


async def test_answers_of_every_kind(server: HttpServer) -> None:
    """A redirect is an answer, and a large body is cut, as without a proxy."""
    async with microsocks() as proxy, opened(f"socks5://{proxy}") as http:
        server.behaviour = Answer(302, headers={"Location": "/elsewhere"})
        assert (await post_over(http, server.url(), b"{}", {}, 10)).status == 302
        server.behaviour = Answer(200, b"x" * 200_000)
        assert len((await post_over(http, server.url(), b"{}", {}, 10)).body) == 65_536
