"""Secrets that are known by their form: chat services' addresses, credentials, marked values."""

import re
from collections.abc import Iterable, Iterator
from json import loads
from typing import Final

from app.policies.redaction.labels import redact
from app.policies.redaction.views import ESCAPE_MARKS, View
from app.values.channel import ChannelSpec

Span = tuple[int, int]

_END = r"""\s"'<>"""
_ENDS = re.compile(f"[{_END}]")
MARKS: Final = ":;,."
"""What follows an address in a sentence."""
_NAMES = (
    "webhook(?:_?ur[il])?|default_url|(?:signing_|default_|client_)?secret|(?:sasl_|smtp_)?password"
    "|passwd|(?:access_|api_|auth_|refresh_)?token|device_key|(?:x-)?api[_-]?keys?|private_key"
    "|(?:proxy-)?authorization|headers|credentials"
)
_NAMED = "webhook_url|access_token|api_?key|(?:client|signing)_secret|(?:sasl|smtp)_password"
_QUERY = "(?:access_)?token|key|secret|sig|sign|signature|auth|api_?key|password|passwd|pwd"
_GAP = r"[\"']?\s{0,9}[=:]\s{0,9}[\"']?"
_PARTS = (
    # Addresses of chat services, for texts that are read where no channel is known: settings.
    rf"/api/(?:v[0-9]+/)?webhooks/([^{_END}]+)",
    rf"/open-apis/bot/(?:v2/)?hook/([^{_END}/?#]+)",
    rf"/services/T[0-9A-Za-z]+/B[0-9A-Za-z]+/([^{_END}/?#]+)",
    r"/bot[0-9]{5,}:([0-9A-Za-z_-]{20,})",
    rf"/hooks/(?:[0-9A-Za-z]+/)?([0-9A-Za-z]{{20,}})(?=[{_END}/?#]|$)",
    rf"//api\.day\.app/([^{_END}/?#]+)",
    rf"//(?:sctapi\.ftqq\.com|[0-9]+\.push\.ft07\.com/send)/([^{_END}/?#.]+)",
    # Credentials before a host, in any URL; up to the last "@", since passwords hold them.
    rf"(?<=[a-z0-9])://([^{_END}/?#]+)@",
    rf"[?&;](?:{_QUERY})=([^&#{_END}]+)",
    # Values whose names say what they are; JSON's are read by _MARKED.
    rf"\b(?:{_NAMED}){_GAP}([^{_END},;&}}\])]+)",
    rf"\bauthorization{_GAP}(?:[a-z]{{3,10}}\s{{1,9}})?([^{_END},;]+)",
    r"\bbearer\s{1,9}((?=[^\s]{0,99}[0-9])[0-9a-z._~+/=-]{16,})",
)
_SIGNS = (
    "hook",
    "/services/",
    "/bot",
    "api.day",
    "push.ft07",
    "sctapi",
    "@",
    "token",
    "key",
    "secret",
    "sig=",
    "sign",
    "auth",
    "passw",
    "pwd=",
    "bearer",
    "headers",
    "credentials",
    "\\u00",
)
"""One of them stands in every text with a secret of these forms: a quick look."""
_LOGIN = re.compile(r"\bAUTH\s{1,9}[A-Z0-9-]{3,20}\s{1,9}(?P<sasl>\S+)", re.IGNORECASE)
_MARKED = re.compile(
    r"""(?P<key>"(?:[^"\\\s,:]|\\u[0-9a-fA-F]{4}){1,60}+"|'[a-zA-Z_-]{3,60}+')\s*+:\s*+"""
    r"""(?P<value>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^\s,\]}\[{"']++|[\[{])""",
    re.DOTALL,
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class Forms:
    """The forms that every service has, and those of the channels.

    Args:
        channels: Know the form of their own addresses.
    """

    def __init__(self, channels: Iterable[ChannelSpec] = ()) -> None:
        self._channels = tuple(channels)
        own = [spec.secret for spec in self._channels if spec.secret is not None]
        self._signs = (*_SIGNS, *(form.sign for form in own))
        parts = (*(form.pattern for form in own), *_PARTS)
        self._pattern = re.compile("|".join(parts), re.IGNORECASE)

    def redact(self, address: str) -> str:
        """Return an address as it may be shown."""
        return redact(address, self._channels)

    def is_harmless(self, text: str) -> bool:
        """Say that a text holds no secret that is known by its form; a quick look."""
        return not (self._have_sign(text) or any(mark in text for mark in ESCAPE_MARKS))

    def veiled(self, view: View) -> Iterator[Span]:
        """Yield the secrets in people's texts; their links to elsewhere stay."""
        if not self._have_sign(view.text):
            return
        for match in self._pattern.finditer(view.text):
            start, stop = match.span(match.lastindex or 0)
            is_of_an_address = match[0][0] in "/?&"
            yield start, _without_mark(view.text, start, stop) if is_of_an_address else stop
        yield from _marked(view.text)

    def _have_sign(self, text: str) -> bool:
        lower = text.lower()
        return any(sign in lower for sign in self._signs)


def _without_mark(text: str, start: int, stop: int) -> int:
    """Return where an address ends before a mark that is the sentence's, as in ``…/***: gone``."""
    if stop < len(text) and _ENDS.match(text[stop]) is None:
        return stop
    return max(start + 1, start + len(text[start:stop].rstrip(MARKS)))


def said(view: View) -> Iterator[Span]:
    """Yield further secrets in servers' texts: a login that they repeat."""
    for match in _LOGIN.finditer(view.text):
        yield match.span("sasl")


def _marked(text: str) -> Iterator[Span]:
    """Yield the values of JSON members (Python's spelling, too) that are named like secrets."""
    position = 0
    while (match := _MARKED.search(text, position)) is not None:
        position = match.end()
        if _NAME.fullmatch(_key(match["key"])) is None:
            # What may stand in it is looked at as well.
            position = match.start("value")
            continue
        start, stop = match.span("value")
        opening = match["value"][0]
        if opening in "\"'":
            closed = stop - start > 1 and text[stop - 1] == opening
            yield start + 1, stop - 1 if closed else stop
        elif opening in "[{":
            position = _closing(text, start)
            yield start + 1, position
        elif match["value"] not in {"null", "true", "false", "None", "True", "False"}:
            yield start, stop


def _key(quoted: str) -> str:
    try:
        return str(loads(quoted)) if quoted.startswith('"') else quoted[1:-1]
    except ValueError:
        return quoted[1:-1]


def _closing(text: str, start: int) -> int:
    """Return the end of the list or object that begins there; the text's end if it has none."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
            if depth == 0:
                return match.start()
    return len(text)
