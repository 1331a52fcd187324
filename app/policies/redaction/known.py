"""Finds secrets that are known, in every encoding in which they occur."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from json import dumps
from string import ascii_letters, digits
from urllib.parse import quote, unquote

from app.policies.redaction.forms import Forms, Span
from app.policies.redaction.views import View

SHORTEST = 4
"""Characters; blanking out a shorter one would tell it, and ruin every line."""

_SHORTEST_BASE64 = 6  # bytes; what shorter ones leave of themselves in base64 stands anywhere
_SHORTEST_PART = 6
_SHORTEST_DISTINCT = 8
_LONGEST_WORD = 16
_BASE64 = frozenset(f"{ascii_letters}{digits}+/-_")
_BASE64_END = _BASE64 | {"="}
_SEPARATORS = re.compile(r"[/;:,.]")
_ROUTES = frozenset(
    {
        "webhook",
        "webhooks",
        "notify",
        "notification",
        "notifications",
        "message",
        "messages",
        "services",
        "service",
        "alerts",
        "events",
        "incoming",
        "invoke",
        "manual",
        "triggers",
        "workflows",
        "public",
        "integrations",
        "callback",
        "receive",
    }
)
"""Words that paths are made of, and that an error needs to be understood."""

GENERIC = Forms()


class Secrets:
    """Texts that must not be shown.

    Args:
        values: Passwords, keys, or webhook URLs; of a URL, every part that may be a token.
        distinct: Only what no text has by chance: a password that is a word or a number would be
            found in every answer, and blank out its keys and figures.
        forms: How secrets look that are known by their form.
    """

    def __init__(
        self, values: Iterable[str] = (), *, distinct: bool = False, forms: Forms = GENERIC
    ) -> None:
        self.forms = forms
        plain: set[str] = set()
        words: set[str] = set()
        for value in values:
            is_url = "://" in value
            plain.update(_url_parts(value) if is_url else [value])
            words.update(_short_parts(value) if is_url else [])
        usable = filter(_is_distinct, _usable(plain)) if distinct else _usable(plain)
        self._plain = tuple(sorted(usable, key=len, reverse=True))
        self.longest = len(self._plain[0]) if self._plain else 0  # characters of the longest
        self._base64 = tuple({core for text in self._plain for core in _base64_cores(text)})
        written = {form for needle in self._plain for form in (dumps(needle)[1:-1], escape(needle))}
        self._written = (*self._plain, *self._base64, *sorted(written - plain))
        self._words = tuple(
            re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])")
            for word in sorted(() if distinct else words - set(self._plain))
        )

    def spans(self, view: View) -> Iterator[Span]:
        """Yield the places of secrets in a view."""
        for needle in self._plain:
            for start in _occurrences(view.text, needle):
                yield start, start + len(needle)
        for core in self._base64:
            for start in _occurrences(view.text, core):
                yield _whole_run(view.text, start, start + len(core))
        for word in self._words:
            for match in word.finditer(view.text):
                yield match.span()

    def occur_in(self, text: str) -> bool:
        """Say whether any of them stands there, as this service and its libraries write texts."""
        return any(needle in text for needle in self._written) or any(
            word.search(text) for word in self._words
        )


def _usable(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        # As it was written, as a URL's escapes read, as a form would send it, and on one line.
        forms = {text, unquote(text), text.replace(" ", "+"), " ".join(text.split())}
        found |= {form for form in forms if len(form) >= SHORTEST}
    return found.union(*map(_escaped, found))


def _escaped(text: str) -> set[str]:
    """Return a text with all but ASCII escaped; views read only the escapes of ASCII."""
    if text.isascii():
        return set()
    raw = repr(text.encode())[2:-1]  # as Kafka's client logs what it sends
    percent = "".join(each if each.isascii() else quote(each) for each in text)
    json = "".join(each if each.isascii() else dumps(each)[1:-1] for each in text)
    upper = re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), json)
    lower = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), percent)
    return {raw, percent, lower, json, upper}


def _url_parts(url: str) -> list[str]:
    """Return the parts of a URL that may be secret: credentials, path, values of the query."""
    _, netloc, tail = _taken_apart(url)
    tokens = [part for part in _pieces(tail) if _may_be_token(part)]
    userinfo = netloc.rpartition("@")[0]
    if userinfo:
        name, colon, password = userinfo.partition(":")
        tokens.append(password if colon else name)
    return [*tokens, f"/{tail}"] if tokens and tail else tokens


def _short_parts(url: str) -> list[str]:
    """Return parts too short to be blanked out within words: ``a1b2`` of a path or a query."""
    return [
        part
        for part in _pieces(_taken_apart(url)[2])
        if SHORTEST <= len(part) < _SHORTEST_PART and part.isalnum() and _is_mixed(part)
    ]


def _taken_apart(url: str) -> tuple[str, str, str]:
    """Return scheme, the part before the first slash, and the part after it."""
    scheme, _, rest = url.partition("://")
    netloc, _, tail = rest.partition("#")[0].partition("/")
    if "?" in netloc:  # a query without a path
        netloc, _, tail = netloc.partition("?")
    return scheme, netloc, tail


def _pieces(tail: str) -> Iterator[str]:
    path, _, query = tail.partition("?")
    yield from _SEPARATORS.split(path)
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        yield from _SEPARATORS.split(value if equals else name)


def _may_be_token(part: str) -> bool:
    return len(part) >= _SHORTEST_PART and part.lower() not in _ROUTES


def _is_distinct(text: str) -> bool:
    if text.isalpha():
        return len(text) >= _LONGEST_WORD
    return len(text) >= _SHORTEST_DISTINCT and not text.isdigit()


def _is_mixed(part: str) -> bool:
    return any(map(str.isdigit, part)) and not part.isdigit()


def _base64_cores(text: str) -> Iterator[str]:
    """Yield what base64 makes of a text wherever it stands in what is encoded.

    Three bytes become four characters, so there are three ways; the characters at either end that
    depend on what stands beside the text are left out.
    """
    raw = text.encode(errors="surrogatepass")
    if len(raw) >= _SHORTEST_BASE64:
        yield from _base64_of(raw)
    else:  # too little is left of it alone: name, NUL and password in PLAIN, name:password in Basic
        yield from chain(_base64_of(b"\0" + raw), _base64_of(b":" + raw))
        yield b64encode(raw).decode()


def _base64_of(raw: bytes) -> Iterator[str]:
    for before in range(3):
        encoded = b64encode(b"\0" * before + raw).decode()
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        core = encoded[first:last]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _whole_run(text: str, start: int, stop: int) -> Span:
    """Return the base64 that a part belongs to: the text around a secret is its user's name."""
    while start > 0 and text[start - 1] in _BASE64:
        start -= 1
    while stop < len(text) and text[stop] in _BASE64_END:
        stop += 1
    return start, stop


def _occurrences(text: str, needle: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + len(needle))
