"""Addresses: what makes one usable, and what makes two the same."""

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

from app.policies.host_names import ascii_host
from app.values.errors import UnroutableError

MAX_URL_LENGTH = 2048
MAX_MAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
MAX_LOCAL_PART_LENGTH = 64

_DEFAULT_PORTS = {"http": 80, "https": 443}
_DISCORD_PATH = re.compile(r"/api(?:/v[0-9]+)?/webhooks/([^/]+)/([^/]+)/?")
_OTHER_FORMS = re.compile(r"/api(?:/v[0-9]+)?/webhooks/[^/]+/[^/]+/(slack|github)/?")
_DISCORD_HOST = re.compile(r"(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com\.?")
_LOCAL_PART = re.compile(r"""[^\s@<>"(),:;\\\[\]]+""")
_LIST_ITEM = re.compile(r'(?:"[^"]*"|[^,"])+')


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


def split_mail_addresses(text: str) -> tuple[str, ...]:
    """Split a header-like list: ``a@x, "Doe, Jane" <b@x>`` becomes ``a@x`` and ``b@x``."""
    return tuple(filter(None, (_bare(item) for item in _LIST_ITEM.findall(text))))


def normalise_mail(address: str) -> str:
    """Return a mail address with its domain in lower-case ASCII.

    The check is loose; what is left to the mail server is whether the mailbox exists.

    Raises:
        UnroutableError: It cannot be one.
    """
    local, _, domain = address.rpartition("@")
    if (
        not address.isprintable()
        or len(address.encode()) > MAX_MAIL_LENGTH
        or len(local.encode()) > MAX_LOCAL_PART_LENGTH
        or not _LOCAL_PART.fullmatch(local)
    ):
        raise UnroutableError("not a mail address")
    return f"{local}@{_normalise_domain(domain)}"


def _normalise_domain(domain: str) -> str:
    try:
        return ascii_host(domain)
    except ValueError:
        raise UnroutableError("not a mail address: its domain is malformed") from None


def _normalise_host(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host)}]" if ":" in host else ascii_host(host)
    except ValueError:
        raise UnroutableError("the webhook URL has no usable host") from None


def _bare(item: str) -> str:
    """Drop the display name."""
    item = item.strip()
    return item[item.rfind("<") + 1 : -1].strip() if item.endswith(">") else item
