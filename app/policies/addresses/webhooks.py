"""Webhook addresses: what makes one usable, and what makes two the same."""

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

from app.policies.addresses.host_names import ascii_host
from app.values.errors import UnroutableError

MAX_URL_LENGTH = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_DISCORD_PATH = re.compile(r"/api(?:/v[0-9]+)?/webhooks/([^/]+)/([^/]+)/?")
_OTHER_FORMS = re.compile(r"/api(?:/v[0-9]+)?/webhooks/[^/]+/[^/]+/(slack|github)/?")
_DISCORD_HOST = re.compile(r"(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com\.?")


def normalise_webhook(url: str) -> str:
    """Return the one spelling of a webhook URL that its lane goes by.

    Scheme and host become lower-case ASCII, a default port and the fragment go. Path, query
    and credentials stay as they are: they may be case-sensitive secrets.

    Raises:
        UnroutableError: It cannot be called. The text never contains the URL.
    """
    if len(url) > MAX_URL_LENGTH:
        raise UnroutableError(f"the webhook URL is longer than {MAX_URL_LENGTH} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise UnroutableError("the webhook URL contains spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UnroutableError("the webhook URL is malformed") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise UnroutableError("the webhook URL does not begin with http:// or https://")
    if port == 0:
        raise UnroutableError("the webhook URL names port 0")
    if other := _OTHER_FORMS.fullmatch(parts.path):
        raise UnroutableError(
            f"the webhook URL ends in /{other[1]}, Discord's endpoint for another service's form: "
            f"leave /{other[1]} out"
        )
    credentials, at, _ = parts.netloc.rpartition("@")
    netloc = f"{credentials}{at}{_normalise_host(host or '')}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        netloc = f"{netloc}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def discord_webhook_id(url: str) -> str | None:
    """Return the ``{id}`` of a URL whose path has Discord's form, on any host, else None."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    match = _DISCORD_PATH.fullmatch(path)
    return match[1] if match else None


def discord_limit_key(url: str) -> str | None:
    """Return what all URLs of one Discord webhook have in common, else None.

    Discord limits a webhook by its id and token, whatever the thread, the version of the API and
    the name of its own host.

    Args:
        url: As ``normalise_webhook`` returns it.
    """
    parts = urlsplit(url)
    match = _DISCORD_PATH.fullmatch(parts.path)
    if match is None:
        return None
    host = "discord.com" if is_discord_host(url) else parts.netloc
    return f"{parts.scheme}://{host}/api/webhooks/{match[1]}/{match[2]}"


def is_discord_host(url: str) -> bool:
    """Say whether a URL leads to Discord itself, not to a relay of somebody's own."""
    return _DISCORD_HOST.fullmatch(urlsplit(url).hostname or "") is not None


def _normalise_host(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host)}]" if ":" in host else ascii_host(host)
    except ValueError:
        raise UnroutableError("the webhook URL has no usable host") from None
