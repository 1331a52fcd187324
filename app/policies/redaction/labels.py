"""How addresses are shown: enough to tell which is meant, and nothing to send with."""

import hashlib
import re
from urllib.parse import urlsplit

from app.policies.addresses.webhooks import discord_webhook_id

MASK = "***"

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
