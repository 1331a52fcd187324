"""PushPlus's addresses: ``https://www.pushplus.plus/send?token=…`` or ``/send/TOKEN``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

SENT_ON = frozenset({"topic", "channel", "option", "webhook", "to", "pre", "callbackUrl"})
"""Further parameters of an address: they go into the request."""
_QUERY = "token"


class Place(NamedTuple):
    """Where to post, and the members of every request, the token included."""

    url: str
    members: Mapping[str, str]


def lacking(url: SplitResult) -> str:
    """Say what a URL lacks."""
    if place_of(url.geturl()).members.get(_QUERY):
        return ""
    return "names no token of PushPlus's: write https://www.pushplus.plus/send?token=…"


@lru_cache(maxsize=4096)
def place_of(address: str) -> Place:
    """Return where an address leads, and what it says."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    path, _, last = parts.path.rstrip("/").rpartition("/")
    token = query.get(_QUERY, "")
    if last != "send" and path.endswith("/send"):
        token = token or last
    else:
        path = parts.path.rstrip("/")
    members = {name: value for name, value in query.items() if name in SENT_ON}
    url = urlunsplit((parts.scheme, parts.netloc, path or "/send", "", ""))
    return Place(url, {_QUERY: token, **members} if token else members)
