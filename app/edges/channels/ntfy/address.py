"""ntfy's addresses: ``https://host/topic``. On open servers the topic's name is the secret."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")


class Place(NamedTuple):
    """A topic, and where to publish: JSON goes to the root of the server."""

    url: str
    topic: str


def lacking(url: SplitResult) -> str:
    """Say what a URL lacks."""
    topic = url.path.rstrip("/").rpartition("/")[2]
    if _TOPIC.fullmatch(topic):
        return ""
    return "names no topic of ntfy's: write https://host/topic, with up to 64 letters and digits"


@lru_cache(maxsize=4096)
def place_of(address: str) -> Place:
    """Return the topic that an address names, and where to publish."""
    parts = urlsplit(address)
    root, _, topic = parts.path.rstrip("/").rpartition("/")
    return Place(urlunsplit((parts.scheme, parts.netloc, f"{root}/", parts.query, "")), topic)
