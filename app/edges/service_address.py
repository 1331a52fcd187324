"""The address of a running service, and what it takes to ask it."""

import functools
import ssl
from urllib.parse import SplitResult, urlsplit

from app.values.errors import NotifierError


class ServiceError(NotifierError):
    """The service did not do as it was asked; the text is one line."""


@functools.cache
def trust(*, is_secure: bool) -> ssl.SSLContext:
    """Return the authorities to trust: none without TLS, because reading the store takes time."""
    if is_secure:
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def checked_url(text: str) -> str:
    """Return a service's URL without the slash at its end; ``ServiceError`` if it is none."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or port that are none
        parts, usable = SplitResult("", "", "", "", ""), False
    if not usable or not text.isprintable() or " " in text:
        raise ServiceError("the service's URL does not look like http://127.0.0.1:8000")
    if parts.username is not None or parts.query or parts.fragment:
        raise ServiceError(
            "the service's URL may have scheme, host, port and path only; give a key with --api-key"
        )
    return text.rstrip("/")


def checked_key(key: str) -> str:
    """Return a key; ``ServiceError`` if no header can carry it."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ServiceError("the API key has spaces or characters that no HTTP header carries")
    return key
