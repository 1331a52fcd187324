"""Redaction: how secrets are shown, or rather not."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from app.policies.addresses import discord_webhook_id

MASK = "***"

_URL = re.compile(r"""https?://[^\s"'<>]+""", re.IGNORECASE)
_URL_OR_DISCORD_PATH = re.compile(
    rf"""{_URL.pattern}|(?P<path>/api(?:/v[0-9]+)?/webhooks/)[^\s"'<>]+""", re.IGNORECASE
)
_SHOWN_AS_IT_IS = re.compile(r"console|[^\s/:@]+@[^\s/:@]+")
_REDACTED = re.compile(r"https?://[^\s/@]+/(?:api/webhooks/[0-9]{1,20}/)?\*{3}#[0-9a-f]{6}")
_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


def redact(address: str) -> str:
    """Return an address as it may be shown.

    ``https://discord.com/api/webhooks/<id>/***`` for Discord's form; scheme, host and port for
    any other webhook, with six digits of its hash so that two can be told apart; a mail server
    without its credentials; mail addresses as they are, and what was redacted before: the log has
    the names that the page has. Never raises.
    """
    if _SHOWN_AS_IT_IS.fullmatch(address) or _REDACTED.fullmatch(address):
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
    webhook_id = discord_webhook_id(address)
    if webhook_id and _SNOWFLAKE.fullmatch(webhook_id):
        base = f"{base}/api/webhooks/{webhook_id}"
        if not parts.query:
            return f"{base}/{MASK}"
    return f"{base}/{MASK}#{hashlib.sha256(address.encode()).hexdigest()[:6]}"


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return free text, such as an exception's, without the secrets of any URL in it.

    Args:
        text: What is to be shown.
        secrets: Further texts that must not be shown: passwords, keys, or webhook URLs, whose
            path counts as secret by itself.
    """
    text = _URL_OR_DISCORD_PATH.sub(
        lambda match: f"{match['path']}{MASK}" if match["path"] else redact(match[0]), text
    )
    for secret in _fragments(secrets):
        text = text.replace(secret, MASK)
    return text


def _fragments(secrets: Iterable[str]) -> list[str]:
    """Return what must not be seen, longest first, so that no part of a secret stays behind."""
    found = set()
    for secret in secrets:
        found.add(secret)
        if _URL.fullmatch(secret):
            found.add("/" + secret.split("/", 3)[-1])
    return sorted(found - {"", "/"}, key=len, reverse=True)
