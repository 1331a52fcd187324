"""The HTTP port over a stock httpx transport."""

import httpx
import pytest
from pytest_httpx import HTTPXMock

from app.edges.http import (
    HttpConnectionError,
    HttpError,
    HttpProtocolError,
    HttpRequestError,
    HttpTimeoutError,
)
from app.edges.http.over_httpx import HttpClient


async def test_stock_transport(httpx_mock: HTTPXMock) -> None:
    """The port takes any of httpx's transports."""
    httpx_mock.add_response(status_code=429, headers={"Retry-After": "3"}, content=b"slow down")
    http = HttpClient(httpx.AsyncHTTPTransport())
    answer = await http.post("https://hooks.example/x", b'{"a":1}', {"webhook-id": "7"}, 5)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "3", b"slow down")
    (request,) = httpx_mock.get_requests()
    assert request.content == b'{"a":1}'
    assert request.headers["webhook-id"] == "7"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ConnectError("secret"), HttpConnectionError),
        (httpx.ReadTimeout("secret"), HttpTimeoutError),
        (httpx.RemoteProtocolError("secret"), HttpProtocolError),
        (httpx.UnsupportedProtocol("secret"), HttpRequestError),
        (RuntimeError("secret"), HttpProtocolError),
    ],
)
async def test_stock_transport_errors(
    httpx_mock: HTTPXMock, raised: Exception, expected: type[HttpError]
) -> None:
    """The library's own errors become the port's, and bring no text of theirs along."""
    httpx_mock.add_exception(raised)
    with pytest.raises(expected) as caught:
        await HttpClient(httpx.AsyncHTTPTransport()).post("https://hooks.example/x", b"{}", {}, 5)
    assert "secret" not in str(caught.value)


async def test_a_transport_for_blocking_clients_has_no_body_to_read() -> None:
    """A transport that hands back a blocking stream is answered by its status alone."""

    class Blocking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            class Stream(httpx.SyncByteStream):
                pass

            return httpx.Response(200, stream=Stream())

    answer = await HttpClient(Blocking()).post("https://hooks.example/x", b"{}", {}, 5)
    assert (answer.status, answer.body) == (200, b"")
