"""Webhook addresses: which can be used, and which are the same."""

from urllib.parse import urlsplit, urlunsplit

from app.policies.addresses.host_names import host_of_url
from app.values.errors import UnroutableError

MAX_URL_LENGTH = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalise_webhook(url: str) -> str:
    """Return the one spelling of a webhook URL that its lane goes by.

    Scheme and host become lower-case ASCII, an address its usual form, a default port and the
    fragment go. Path, query
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
    credentials, at, _ = parts.netloc.rpartition("@")
    netloc = f"{credentials}{at}{_normalise_host(host or '')}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        netloc = f"{netloc}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def _normalise_host(host: str) -> str:
    try:
        normal = host_of_url(host)
    except ValueError:
        raise UnroutableError("the webhook URL has no usable host") from None
    return f"[{normal}]" if ":" in normal else normal
