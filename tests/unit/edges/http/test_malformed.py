"""What ours makes of broken answers, beside what httpx's own transport makes of them.

Both give the same answer or fail with the same class of error; where they do not, the difference is meant
and stands in ``DIFFERENCES`` with its reason.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_network

import httpx
import pytest

from app.edges.guard import AddressGuard
from app.edges.http import HttpError, HttpPort, open_http_client
from app.edges.http.proxied import ProxiedClient
from tests.support.http_client import TRUSTING_NOBODY, post_over
from tests.support.http_server import HttpServer, Raw, http_server
from tests.support.raw_server import Peer, raw_server

Result = int | str
OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ONE_CHUNK = b"2\r\nok\r\n0\r\n\r\n"


def status_line(line: bytes) -> bytes:
    """Return an answer with this status line."""
    return line + b"\r\n" + EMPTY


CASES: dict[str, bytes] = {
    # the status line
    "no reason": status_line(b"HTTP/1.1 200"),
    "empty reason": status_line(b"HTTP/1.1 200 "),
    "reason not in ASCII": status_line(b"HTTP/1.1 200 \xff"),
    "NUL in the reason": status_line(b"HTTP/1.1 200 a\0b"),
    "two spaces": status_line(b"HTTP/1.1  200 OK"),
    "a tab": status_line(b"HTTP/1.1\t200 OK"),
    "no space": status_line(b"HTTP/1.1200 OK"),
    "lower case": status_line(b"http/1.1 200 OK"),
    "a space before": status_line(b" HTTP/1.1 200 OK"),
    "an empty line before": b"\r\n" + status_line(b"HTTP/1.1 200 OK"),
    "a byte order mark before": b"\xef\xbb\xbf" + status_line(b"HTTP/1.1 200 OK"),
    "UTF-16": (OK + EMPTY).decode().encode("utf-16"),
    "HTTP/0.9": b"<html>hello</html>",
    "HTTP/0.9 in writing": status_line(b"HTTP/0.9 200 OK"),
    "HTTP/1": status_line(b"HTTP/1 200 OK"),
    "HTTP/1.2": status_line(b"HTTP/1.2 200 OK"),
    "HTTP/1.10": status_line(b"HTTP/1.10 200 OK"),
    "HTTP/2": status_line(b"HTTP/2 200 OK"),
    "HTTP/2.0": status_line(b"HTTP/2.0 200 OK"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18,
    "a TLS alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "RTSP": status_line(b"RTSP/1.0 200 OK"),
    "ICY": status_line(b"ICY 200 OK"),
    "mail": b"220 mail.example ESMTP\r\n",
    "status 0": status_line(b"HTTP/1.1 0 OK"),
    "status 000": status_line(b"HTTP/1.1 000 OK"),
    "status 099": status_line(b"HTTP/1.1 099 OK"),
    "status 99": status_line(b"HTTP/1.1 99 OK"),
    "status 600": status_line(b"HTTP/1.1 600 OK"),
    "status 999": status_line(b"HTTP/1.1 999 OK"),
    "status 1000": status_line(b"HTTP/1.1 1000 OK"),
    "status abc": status_line(b"HTTP/1.1 abc OK"),
    "status +200": status_line(b"HTTP/1.1 +200 OK"),
    "status -200": status_line(b"HTTP/1.1 -200 OK"),
    "status 2e2": status_line(b"HTTP/1.1 2e2 OK"),
    "status 200x": status_line(b"HTTP/1.1 200x OK"),
    # lines and headers
    "LF alone": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "LF and CRLF": b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok",
    "CR alone": b"HTTP/1.1 200 OK\rContent-Length: 0\r\r",
    "CR CR LF": b"HTTP/1.1 200 OK\r\r\nContent-Length: 0\r\r\n\r\r\n",
    "folded header": OK + b"X: a\r\n b\r\n" + EMPTY,
    "folded first header": OK + b" X: a\r\n" + EMPTY,
    "folded length": OK + b"Content-Length:\r\n 0\r\n\r\n",
    "obs-text": OK + b"X: \xff\xe9\r\n" + EMPTY,
    "NUL in a value": OK + b"X: a\0b\r\n" + EMPTY,
    "control character in a value": OK + b"X: a\x01b\r\n" + EMPTY,
    "CR in a value": OK + b"X: a\rb\r\n" + EMPTY,
    "NUL in a name": OK + b"X\0: a\r\n" + EMPTY,
    "space after a name": OK + b"X : a\r\n" + EMPTY,
    "space in a name": OK + b"X Y: a\r\n" + EMPTY,
    "name not in ASCII": OK + "Größe: a\r\n".encode() + EMPTY,
    "no name": OK + b": a\r\n" + EMPTY,
    "no colon": OK + b"X\r\n" + EMPTY,
    "no value": OK + b"X:\r\n" + EMPTY,
    "spaces around a value": OK + b"X: \t a \t \r\n" + EMPTY,
    "a long header": OK + b"X: " + b"y" * 31_000 + b"\r\n" + EMPTY,
    "a giant header": OK + b"X: " + b"y" * 90_000 + b"\r\n" + EMPTY,
    "a giant reason": status_line(b"HTTP/1.1 200 " + b"y" * 90_000),
    "300 headers": OK + b"X: y\r\n" * 300 + EMPTY,
    "20000 headers": OK + b"X: y\r\n" * 20_000 + EMPTY,
    # the length of the body
    "length -1": OK + b"Content-Length: -1\r\n\r\n",
    "length +2": OK + b"Content-Length: +2\r\n\r\nok",
    "length 0x2": OK + b"Content-Length: 0x2\r\n\r\nok",
    "length 2.0": OK + b"Content-Length: 2.0\r\n\r\nok",
    "length 02": OK + b"Content-Length: 02\r\n\r\nok",
    "length in other digits": OK + "Content-Length: ٢\r\n\r\nok".encode(),
    "length with spaces": OK + b"Content-Length:  2 \r\n\r\nok",
    "no length in the header": OK + b"Content-Length: \r\n\r\nok",
    "length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "length as a list": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "two lengths as a list": OK + b"Content-Length: 2, 3\r\n\r\nok",
    "length of 2**63": OK + b"Content-Length: 9223372036854775808\r\n\r\nok",
    "length of 20 digits": OK + b"Content-Length: 99999999999999999999\r\n\r\nok",
    "length of 30 digits": OK + b"Content-Length: 999999999999999999999999999999\r\n\r\nok",
    "body too short": OK + b"Content-Length: 9\r\n\r\nok",
    "body too long": OK + b"Content-Length: 2\r\n\r\nok, and more",
    "length and chunks": OK
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    + ONE_CHUNK,
    "chunks and length": OK
    + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"
    + ONE_CHUNK,
    "204 with a body": b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    "204 with chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + ONE_CHUNK,
    "304 with a body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc",
    "205 with a body": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc",
    # transfer codings
    "Chunked": OK + b"Transfer-Encoding: Chunked\r\n\r\n" + ONE_CHUNK,
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nok",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + ONE_CHUNK,
    "chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + ONE_CHUNK,
    "chunked, chunked": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + ONE_CHUNK,
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + ONE_CHUNK,
    "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n" + ONE_CHUNK,
    "identity": OK + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ONE_CHUNK,
    "chunk extension": CHUNKED + b"2;a=b;c\r\nok\r\n0\r\n\r\n",
    "chunk extension without end": CHUNKED + b"2;" + b"a" * 90_000,
    "chunk size with spaces": CHUNKED + b"2  \r\nok\r\n0\r\n\r\n",
    "chunk size with leading zeros": CHUNKED + b"0000000002\r\nok\r\n0\r\n\r\n",
    "chunk size with LF alone": CHUNKED + b"2\nok\n0\n\n",
    "chunk size too large": CHUNKED + b"ffffffffffffffff1\r\nok\r\n0\r\n\r\n",
    "chunk size negative": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "chunk size 0x2": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "chunk size missing": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "chunk longer than it says": CHUNKED + b"2\r\nokay\r\n0\r\n\r\n",
    "chunk cut": CHUNKED + b"5\r\nok",
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\nRetry-After: 9\r\n\r\n",
    "trailers without end": CHUNKED + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 20_000,
    "broken trailers": CHUNKED + b"2\r\nok\r\n0\r\nno colon\r\n\r\n",
    "no last chunk": CHUNKED + b"2\r\nok\r\n",
    # more than one answer, and interim ones
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + EMPTY,
    "interim with a length": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + OK + EMPTY,
    "unknown interim": b"HTTP/1.1 199 Hm\r\n\r\n" + OK + EMPTY,
    "unknown interim with a body": b"HTTP/1.1 104 Hm\r\nContent-Length: 5\r\n\r\n" + OK + EMPTY,
    "interim that closes": b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + OK + EMPTY,
    "interim in HTTP/1.0": b"HTTP/1.0 100 Continue\r\n\r\n" + OK + EMPTY,
    "interim and an empty line": b"HTTP/1.1 100 Continue\r\n\r\n\r\n" + OK + EMPTY,
    "interim and the end": b"HTTP/1.1 100 Continue\r\n\r\n",
    "interim and nonsense": b"HTTP/1.1 100 Continue\r\n\r\nnonsense\r\n\r\n",
    "2000 interim ones": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000 + OK + EMPTY,
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "switched protocols": b"HTTP/1.1 101 Hm\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\0\0",
    "upgrade offered": OK + b"Connection: upgrade\r\nUpgrade: h2c\r\n" + EMPTY,
    "a second answer": (OK + EMPTY) * 2,
    "nonsense after the answer": OK + EMPTY + b"nonsense",
    "an empty line after the answer": OK + EMPTY + b"\r\n",
    "an answer after the last": OK + b"Connection: close\r\n" + EMPTY + OK + EMPTY,
    # the end comes early
    "nothing": b"",
    "an empty line": b"\r\n",
    "half a status line": b"HTTP/1.1 20",
    "half a header": OK + b"X: y",
    "half a head": OK + b"X: y\r\n",
}

LOST = "what was cut off is a lost connection for us, and a broken rule for httpx"
STANDS = (
    "the status stands, whatever the body would have been; httpx refuses codings it does not know"
)
BOUNDED = "no head is read without end"
DIFFERENCES: dict[str, tuple[Result, Result, str]] = {
    "NUL in the reason": (200, "HttpProtocolError", "nobody reads the reason"),
    "an empty line before": (200, "HttpProtocolError", "nothing can hide in an empty line"),
    "interim and an empty line": (200, "HttpProtocolError", "nothing can hide in an empty line"),
    "folded first header": (200, "HttpProtocolError", "the status is clear; never used again"),
    "NUL in a value": (200, "HttpProtocolError", "RFC 9110 5.5 lets it be read as a space"),
    "HTTP/1.2": ("HttpProtocolError", 200, "the parser reads only versions that exist"),
    "RTSP": (200, "HttpProtocolError", "the parser reads this kin of HTTP too; never used again"),
    "length twice": ("HttpProtocolError", 200, "the parser takes one length and no more"),
    "length as a list": ("HttpProtocolError", 200, "the parser takes one length and no more"),
    "length of 20 digits": ("HttpProtocolError", 200, "the parser counts in 64 bits"),
    "length and chunks": ("HttpProtocolError", 200, "two lengths are how answers are smuggled"),
    "chunks and length": ("HttpProtocolError", 200, "two lengths are how answers are smuggled"),
    "gzip": (200, "HttpProtocolError", STANDS),
    "gzip, chunked": (200, "HttpProtocolError", STANDS),
    "chunked, gzip": (200, "HttpProtocolError", STANDS),
    "chunked, chunked": (200, "HttpProtocolError", STANDS),
    "chunked twice": (200, "HttpProtocolError", STANDS),
    "xchunked": (200, "HttpProtocolError", STANDS),
    "unknown interim with a body": ("HttpProtocolError", 200, "where it ends is anybody's guess"),
    "switching protocols": (101, "HttpProtocolError", "an answer that was not asked for"),
    "switched protocols": (101, "HttpProtocolError", "an answer that was not asked for"),
    "a giant header": ("HttpProtocolError", 200, BOUNDED),
    "a giant reason": ("HttpProtocolError", 200, BOUNDED),
    "20000 headers": ("HttpProtocolError", 200, BOUNDED),
    "300 headers": ("HttpProtocolError", 200, BOUNDED),
    "2000 interim ones": ("HttpProtocolError", 200, BOUNDED),
    "nothing": ("HttpConnectionError", "HttpProtocolError", LOST),
    "an empty line": ("HttpConnectionError", "HttpProtocolError", LOST),
    "half a status line": ("HttpConnectionError", "HttpProtocolError", LOST),
    "half a header": ("HttpConnectionError", "HttpProtocolError", LOST),
    "half a head": ("HttpConnectionError", "HttpProtocolError", LOST),
    "interim and the end": ("HttpConnectionError", "HttpProtocolError", LOST),
}


# The status is the same, and nobody can say what the body should have been.
OTHER_BODIES = {"chunk size too large"}


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    """A server that answers as told."""
    async with http_server() as running:
        yield running


@pytest.fixture
async def ours() -> AsyncIterator[HttpPort]:
    """The port as deliveries use it."""
    guard = AddressGuard([ip_network("127.0.0.0/8")])
    async with open_http_client(guard, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        yield client


@pytest.fixture
async def theirs() -> AsyncIterator[ProxiedClient]:
    """The port over httpx's own transport."""
    async with httpx.AsyncHTTPTransport(verify=False) as transport:
        yield ProxiedClient("http://proxy.example", TRUSTING_NOBODY, transport)


async def result(port: HttpPort | ProxiedClient, server: HttpServer) -> tuple[Result, bytes]:
    """Return the status, or the name of the error as the port declares it; and the body."""
    try:
        answer = await post_over(port, server.url(), b"{}", {}, 2.0)
    except HttpError as error:
        kinds = [each.__name__ for each in type(error).__mro__ if each.__module__.endswith(".port")]
        return kinds[0], b""
    return answer.status, answer.body


@pytest.mark.parametrize("name", CASES)
async def test_as_httpx_reads_it(
    ours: HttpPort, theirs: ProxiedClient, server: HttpServer, name: str
) -> None:
    """The same status or the same class of error, or a difference with a reason."""
    server.behaviour = Raw(CASES[name])
    (got, body), (expected, expected_body) = (
        await result(ours, server),
        await result(theirs, server),
    )
    if name in DIFFERENCES:
        assert (got, expected) == DIFFERENCES[name][:2]
    else:
        assert got == expected
        assert (body == expected_body) is (name not in OTHER_BODIES)


async def test_the_next_request_gets_its_own_answer(ours: HttpPort) -> None:
    """Whatever was answered on a connection that stays open, nothing of it gets into the next."""

    async def try_out(data: bytes) -> None:
        async def talk(peer: Peer) -> None:
            while True:
                body = await peer.request()
                own = OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                await peer.send(data if body == b"first" else own)

        async with raw_server(talk) as server:
            with suppress(HttpError):
                await post_over(ours, server.url, b"first", {}, 0.3)
            assert (await post_over(ours, server.url, b"second", {}, 5.0)).body == b"second"

    await asyncio.gather(*map(try_out, CASES.values()))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (OK + b"Server: x\r\nContent-Length: 2\r\n\r\n", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + CHUNKED, ONE_CHUNK),
    ],
    ids=["length", "chunks"],
)
async def test_cut_at_every_byte(
    ours: HttpPort, theirs: ProxiedClient, server: HttpServer, head: bytes, body: bytes
) -> None:
    """From the end of the head on it is an answer, for both at the same byte."""
    for cut in range(len(head + body) + 1):
        server.behaviour = Raw((head + body)[:cut])
        (got, _), (expected, _) = await result(ours, server), await result(theirs, server)
        assert (got, expected) == ((200, 200) if cut >= len(head) else DIFFERENCES["nothing"][:2])
