"""Bark's addresses: ``https://host/KEY``, as its app shows them; what follows is ignored."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_KEY = re.compile(r"[A-Za-z0-9]{16,64}")
KEY = "device_key"


class Place(NamedTuple):
    """A device, and where to push."""

    url: str
    key: str


def lacking(url: SplitResult) -> str:
    """Return an error text if a URL lacks something."""
    if place_of(url.geturl()).key:
        return ""
    return "names no device of Bark's: copy the address that the app shows, https://host/KEY"


@lru_cache(maxsize=4096)
def place_of(address: str) -> Place:
    """Return the device that an address names, and where to push.

    A server may lie below a path: the key is the first part that looks like one, or else the first.
    """
    parts = urlsplit(address)
    query = parse_qsl(parts.query)
    pieces = [piece for piece in parts.path.split("/") if piece]
    key = dict(query).get(KEY, "")
    if key:
        root = pieces[:-1] if pieces[-1:] == ["push"] else pieces
    else:
        at = next((at for at, piece in enumerate(pieces) if _KEY.fullmatch(piece)), 0)
        key, root = "".join(pieces[at : at + 1]), pieces[:at]
    path = "".join(f"/{piece}" for piece in (*root, "push"))
    others = urlencode([pair for pair in query if pair[0] != KEY])
    return Place(urlunsplit((parts.scheme, parts.netloc, path, others, "")), key)
