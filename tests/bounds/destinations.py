"""Destinations that mean harm, or have a bug: what they answer to every request."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial

from tests.support.http_answers import damaged_answers
from tests.support.odd_smtp import Odd
from tests.support.raw_server import Peer, Talk
from tests.support.records import drawn

PATHS = ("/hook", "/api/webhooks/1/token")
"""What is called at each: as any webhook, and as Discord's."""
ENDLESS = 4_000_000
"""Bytes; what it takes is far less."""
BODY = 64 * 1024
BODIES = {
    "quotes": '"',
    "escapes": "\\u0041",
    "escaped escapes": "%2525",
    "references": "&amp;",
    "objects": '{"a":',
    "lists": "[",
    "webhooks": "/api/webhooks/1/t ",
    "passwords": 'password="a" ',
    "markup": "<b>",
    "half tags": "<a ",
    "controls": "\x1b",
    "members": '"k":1,',
}


def destinations() -> Mapping[str, Talk]:
    """Return what each of them says, by what is odd about it."""
    return {
        "a head without end": _answering(_head("X: y\r\n" * (ENDLESS // 6))),
        "a header without end": _answering(_head("X: " + "y" * ENDLESS)),
        "interim answers without end": _answering("HTTP/1.1 103 x\r\n\r\n" * (ENDLESS // 20)),
        "a body without end": _answering(_head("Content-Length: 99999999\r\n") + "x" * ENDLESS),
        "chunks without end": _answering(
            _head("Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n" * (ENDLESS // 6)
        ),
        "trailers without end": _answering(
            _head("Transfer-Encoding: chunked\r\n") + "0\r\n" + "X: y\r\n" * (ENDLESS // 6)
        ),
        "a body after 204": _answering("HTTP/1.1 204 x\r\n\r\n" + "HTTP/1.1 200 x\r\n" * 10_000),
        "no HTTP": _answering("\0" * ENDLESS),
        "a redirect to itself": _answering("HTTP/1.1 308 x\r\nLocation: /hook\r\n\r\n"),
        "a compressed body": _answering(
            _head("Content-Encoding: gzip\r\nContent-Length: 70000\r\n") + "\x1f" * 70_000
        ),
        "a limit of many digits": _answering(
            _head("Retry-After: " + "9" * 30_000 + "\r\n", 429) + "x"
        ),
        "a limit that has passed": _answering(
            "HTTP/1.1 429 x\r\nRetry-After: 0.0000001\r\nContent-Length: 0\r\n\r\n"
        ),
        **{
            f"a refusal full of {name}": _answering(_refusal(part * (BODY // len(part))))
            for name, part in BODIES.items()
        },
        "a byte at a time": _dripping,
        "nothing": _hanging,
        "no handshake": _hanging,
    }


def drawn_destinations(count: int, number: int) -> Iterator[tuple[str, Talk]]:
    """Yield what hypothesis makes of answers by the book, the same ones for the same number."""
    for place, pieces in enumerate(drawn(damaged_answers(), count, number)):
        yield f"drawn {number}, {place}", partial(_answer, b"".join(pieces))


def _head(headers: str, status: int = 200) -> str:
    return f"HTTP/1.1 {status} x\r\n{headers}\r\n"


def _refusal(body: str) -> str:
    kind = "text/html" if "<" in body else "application/json"
    return f"HTTP/1.1 400 x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def _answering(answer: str) -> Talk:
    return partial(_answer, answer.encode("latin-1"))


async def _answer(answer: bytes, peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.send(answer)


async def _dripping(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await peer.send(b"x")
        await asyncio.sleep(0.001)


async def _hanging(peer: Peer) -> None:
    await peer.closed()


def mail_servers() -> Mapping[str, Odd]:
    """Return what mail servers say, by what is odd about it."""
    many = ENDLESS // 10
    return {
        "a greeting without end": _saying("connect", "\r\n".join(["220-hello"] * many)),
        "a greeting in one line": _saying("connect", "220 " + "x" * ENDLESS),
        "offers without end": _saying("EHLO", "\r\n".join(f"250-X{n}" for n in range(many))),
        "a refusal without end": _saying("RCPT", "\r\n".join(["550-no"] * many)),
        "a long refusal": _saying("RCPT", "\r\n".join(['450-"&amp;\\u0041'] * 2000 + ["450 no"])),
        "no SMTP": _saying("connect", "\0" * ENDLESS),
        "nothing": _saying("DATA", "hang"),
    }


def _saying(verb: str, answer: str) -> Odd:
    def odd(_: object, command: str) -> str | None:
        return answer if command.partition(" ")[0] == verb else None

    return odd


def url(name: str, port: int, path: str) -> str:
    """Return a destination's address."""
    scheme = "https" if name == "no handshake" else "http"
    return f"{scheme}://127.0.0.1:{port}{path}"
