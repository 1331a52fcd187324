"""Looks for secrets in what a service shows, in more encodings than it was told of."""

import html
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)", re.DOTALL)
_DEEPEST = 4


def found(text: str, canaries: Iterable[str]) -> dict[str, str]:
    """Return the canaries that can be read in a text, each with what stands around it."""
    readings = list(_readings(text))
    return {
        canary: reading[max(reading.find(canary) - 80, 0) :][:200]
        for canary in canaries
        for reading in readings
        if canary in reading
    }


def _readings(text: str) -> Iterator[str]:
    for _ in range(_DEEPEST):
        yield text
        yield "\n".join(_base64_in(text))
        plain = _unescaped(html.unescape(unquote(text)))
        if plain == text:
            return
        text = plain


def _unescaped(text: str) -> str:
    """Read JSON's and Python's escapes."""
    plain = {"n": "\n", "r": "\r", "t": "\t"}
    return _ESCAPE.sub(
        lambda match: (
            chr(int(match[1] or match[2], 16))
            if match[1] or match[2]
            else plain.get(match[3], match[3])
        ),
        text,
    )


def _base64_in(text: str) -> Iterator[str]:
    """Yield what any run of letters may stand for, wherever in it the base64 begins."""
    for match in _BASE64.finditer(text):
        run = match[0].replace("-", "+").replace("_", "/")
        for start in range(4):
            part = run[start:]
            part = part[: len(part) // 4 * 4] if len(part) % 4 == 1 else part
            yield b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")


def in_json(canary: str) -> str:
    """Return a text as JSON may write it: every character an escape."""
    return "".join(f"\\u{ord(each):04x}" for each in canary)
