"""How addresses are shown: enough to tell which is meant, and nothing to send with."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from app.values.channel import ChannelSpec

MASK = "***"

_SHOWN_AS_IT_IS = re.compile(r"console|[^\s/:@]+@[^\s/:@]+")
_REDACTED = re.compile(r"https?://[^\s/@]+(?P<path>(?P<shown>/[^\s@?#]*)\*{3}#[0-9a-f]{6})")


def redact(address: str, channels: Iterable[ChannelSpec] = ()) -> str:
    """Return an address as it may be shown.

    Scheme, host and port of a webhook, with six digits of its hash so that two can be told apart;
    what a chat service's channel says may be seen, such as ``https://discord.com/api/webhooks/<id>/***``;
    a mail server without its credentials; mail addresses as they are, and what was redacted before:
    the log has the names that the page has. Never raises.

    Args:
        address: Of any kind.
        channels: Know more about addresses of theirs.
    """
    if _SHOWN_AS_IT_IS.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return MASK
    if not host or not parts.scheme:
        return MASK
    netloc = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme}://{netloc}" if port is None else f"{parts.scheme}://{netloc}:{port}"
    if parts.path in {"", "/"} and not parts.query:
        return base
    return base + _path(address, parts, channels)


def _path(address: str, parts: SplitResult, channels: Iterable[ChannelSpec]) -> str:
    """Return the text shown in place of a URL's path and query."""
    shown = next(filter(None, (each.shown(parts) for each in channels)), "/")
    redacted = _REDACTED.fullmatch(address)
    if redacted is not None and redacted["shown"] == shown:
        return redacted["path"]
    if shown != "/" and not parts.query:
        return f"{shown}{MASK}"
    return f"{shown}{MASK}#{hashlib.sha256(address.encode()).hexdigest()[:6]}"
