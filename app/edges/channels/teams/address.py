"""Addresses of workflows: ``/workflows/{id}/triggers/manual/paths/invoke?…&sig=…``.

The query is signed: it stays as it is, byte for byte.
"""

import re
from urllib.parse import SplitResult, parse_qsl

from app.values.channel import SecretForm

_PATH = re.compile(
    r"(?:/[^/]+)*?(?P<shown>/workflows/[0-9A-Za-z-]+/)triggers/[^/]+/paths/invoke/?", re.IGNORECASE
)
_CONNECTOR = re.compile(r"(?:[a-z0-9-]+\.)?(?:webhook\.office|outlook\.office(?:365)?)\.com\.?")

SECRET = SecretForm("sig=", r"/triggers/[^/\s]+/paths/invoke/?\?[^\s\"'<>]*?sig=([^&#\s\"'<>]+)")
"""The signature; the workflow may be seen."""


def is_workflow(url: SplitResult) -> bool:
    """Say whether a URL's path has the form of a workflow's trigger."""
    return _PATH.fullmatch(url.path) is not None


def fault(url: SplitResult) -> str:
    """Say why a URL of Teams' cannot be used."""
    if _CONNECTOR.fullmatch(url.hostname or "") and url.path.lower().startswith("/webhook"):
        return (
            "is an Office 365 connector's, and Microsoft has retired those: make a workflow in"
            ' Teams, "Post to a channel when a webhook request is received"'
        )
    if is_workflow(url) and not dict(parse_qsl(url.query)).get("sig"):
        return "has no signature: copy the whole URL of the workflow, with sig= at its end"
    return ""


def shown(url: SplitResult) -> str:
    """Return the path up to the workflow's id."""
    match = _PATH.fullmatch(url.path)
    return url.path[: match.end("shown")] if match else ""
