"""Discord's webhook URLs: ``/api/webhooks/{id}/{token}``, with a version or without."""

import re
from urllib.parse import SplitResult

from app.values.channel import SecretForm

_PATH = re.compile(r"/api(?:/v[0-9]+)?/webhooks/([^/]+)/([^/]+)/?")
_OTHER_FORMS = re.compile(r"/api(?:/v[0-9]+)?/webhooks/[^/]+/[^/]+/(slack|github)/?")
_HOST = re.compile(r"(?:(?:www|ptb|canary)\.)?discord(?:app)?\.com\.?")
_SNOWFLAKE = re.compile(r"[0-9]{1,20}")

SECRET = SecretForm("webhooks", r"""/api/(?:v[0-9]+/)?webhooks/(?:[0-9]{1,20}/)?([^\s"'<>]+)""")
"""The token; the id may be seen."""


def is_webhook(url: SplitResult) -> bool:
    """Say whether a URL's path has Discord's form."""
    return _PATH.fullmatch(url.path) is not None


def fault(url: SplitResult) -> str:
    """Say why a URL cannot be used that leads to Discord's endpoint for another service's form."""
    other = _OTHER_FORMS.fullmatch(url.path)
    if other is None:
        return ""
    return (
        f"ends in /{other[1]}, Discord's endpoint for another service's form: leave /{other[1]} out"
    )


def limit_key(url: SplitResult) -> str:
    """Return the key that all URLs of one webhook share; empty for other URLs.

    Discord limits a webhook by its id and token, whatever the thread, the version of the API and
    the name of its own host.
    """
    match = _PATH.fullmatch(url.path)
    if match is None:
        return ""
    is_discord = _HOST.fullmatch(url.hostname or "") is not None
    host = "discord.com" if is_discord else url.netloc
    return f"{url.scheme}://{host}/api/webhooks/{match[1]}/{match[2]}"


def shown(url: SplitResult) -> str:
    """Return the path up to the webhook's id, if it is one."""
    match = _PATH.fullmatch(url.path)
    if match is None or not _SNOWFLAKE.fullmatch(match[1]):
        return ""
    return f"/api/webhooks/{match[1]}/"
