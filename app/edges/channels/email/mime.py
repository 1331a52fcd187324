"""MIME: parts of a mail as bytes that every server takes: seven bits, short lines, CRLF.

A part is a list of pieces, each of whole lines: a large mail is never one large string.
"""

from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator, Sequence

import msgspec

from app.edges.channels.email.headers import parameter

PIECE = 48 * 1024
"""Bytes of a piece, roughly; the next one waits until the server took it."""
LONGEST_LINE = 998  # RFC 5322, section 2.1.1
_BASE64_LINE = 76
_BASE64_PIECE = PIECE // 57 * 57  # bytes that make whole lines


class Part(msgspec.Struct, frozen=True):
    """A part of a mail, or all of it."""

    headers: tuple[str, ...]  # those that describe it, each with its line end
    pieces: tuple[bytes, ...]


def text_part(kind: str, text: str) -> Part:
    """Return a part of text.

    Args:
        text: With any kind of line ends; other control characters are the caller's to leave out.
    """
    data = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode() + b"\r\n"
    encoding, pieces = _encoded(data)
    charset = "us-ascii" if data.isascii() else "utf-8"
    return Part(
        (
            f"Content-Type: text/{kind}; charset={charset}\r\n",
            f"Content-Transfer-Encoding: {encoding}\r\n",
        ),
        tuple(pieces),
    )


def file_part(mimetype: str, filename: str, content: bytes) -> Part:
    """Return an attachment.

    Args:
        filename: Fit to be one: no path, no control characters.
    """
    return Part(
        (
            f"Content-Type: {mimetype}\r\n",
            "Content-Transfer-Encoding: base64\r\n",
            f"Content-Disposition: attachment;\r\n {parameter('filename', filename)}\r\n",
        ),
        tuple(_base64(content)),
    )


def multipart(kind: str, parts: Sequence[Part], boundary: str) -> Part:
    """Return several parts as one.

    Args:
        kind: ``alternative`` (the plainest first) or ``mixed``.
        parts: At least one.
        boundary: With ``=_`` in it, which no encoded part contains.
    """
    pieces: list[bytes] = []
    for part in parts:
        pieces.append(f"--{boundary}\r\n{''.join(part.headers)}\r\n".encode())
        pieces += part.pieces
    pieces.append(f"--{boundary}--\r\n".encode())
    header = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'
    return Part((header,), tuple(pieces))


def _encoded(data: bytes) -> tuple[str, Iterator[bytes]]:
    """Choose a text's transfer encoding: none, readable, or short."""
    if data.isascii() and not _has_long_line(data):
        return "7bit", _cut(data)
    pieces = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    high = sum(len(piece) - len(piece.translate(None, _HIGH)) for piece in pieces)
    if high * 6 > len(data):
        return "base64", _base64(data)
    return "quoted-printable", _quoted(data)


def _has_long_line(data: bytes) -> bool:
    """Look for line ends, one in each line's length: however short lines are, that is quick."""
    start = 0
    while len(data) - start > LONGEST_LINE + len(_LINE_END):
        end = data.rfind(_LINE_END, start, start + LONGEST_LINE + len(_LINE_END))
        if end < 0:
            return True
        start = end + len(_LINE_END)
    return False


def _quoted(data: bytes) -> Iterator[bytes]:
    """Encode piece by piece: one call for all of a large text would hold up every other thread."""
    for piece in _cut(data):
        start = 0
        while len(piece) - start > PIECE + 1:  # a long line, whose end stays in one piece
            # It takes its line ends from the first that it finds.
            encoded = b2a_qp(piece[start : start + PIECE] + _LINE_END).removesuffix(_LINE_END)
            last = len(encoded) - (len("=20") if encoded[-3:-2] == b"=" else 1)
            yield encoded[:last] + _SOFT_BREAK + encoded[last:] + _SOFT_BREAK
            start += PIECE
        yield b2a_qp(piece[start:])


def _base64(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _BASE64_PIECE):
        encoded = b64encode(memoryview(data)[start : start + _BASE64_PIECE])
        lines = range(0, len(encoded), _BASE64_LINE)
        yield b"".join(encoded[line : line + _BASE64_LINE] + b"\r\n" for line in lines)


def _cut(data: bytes) -> Iterator[bytes]:
    """Cut text into pieces at line ends."""
    start = 0
    while len(data) - start > PIECE:
        end = data.rfind(b"\n", start, start + PIECE) + 1
        end = end or data.find(b"\n", start + PIECE) + 1 or len(data)
        yield data[start:end]
        start = end
    yield data[start:]


_HIGH = bytes(range(128, 256))
_LINE_END = b"\r\n"
_SOFT_BREAK = b"=\r\n"
