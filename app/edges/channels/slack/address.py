"""Slack's webhook URLs: ``/services/T…/B…/…``."""

import re
from urllib.parse import SplitResult

from app.values.channel import SecretForm

_PATH = re.compile(r"(?P<shown>/services/T[0-9A-Za-z]+/B[0-9A-Za-z]+/)[0-9A-Za-z]+/?")
_OTHER_FORMS = re.compile(r"/(workflows|triggers)/T[0-9A-Za-z]+/.+")
_HOST = re.compile(r"hooks\.slack(?:-gov)?\.com\.?")

SECRET = SecretForm("/services/", r"/services/T[0-9a-z]+/B[0-9a-z]+/([0-9a-z]+)")
"""The last part; team and webhook may be seen."""


def is_webhook(url: SplitResult) -> bool:
    """Say whether a URL's path has Slack's form."""
    return _PATH.fullmatch(url.path) is not None


def fault(url: SplitResult) -> str:
    """Say why a URL of Slack's cannot be used: Workflow Builder's want other JSON."""
    other = _OTHER_FORMS.fullmatch(url.path)
    if other is None or not _HOST.fullmatch(url.hostname or ""):
        return ""
    return "starts a workflow of Slack's: make an incoming webhook, whose URL has /services/"


def limit_key(url: SplitResult) -> str:
    """Return the key that all spellings of one webhook share; empty for other URLs."""
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}" if is_webhook(url) else ""


def shown(url: SplitResult) -> str:
    """Return the path up to the secret part."""
    match = _PATH.fullmatch(url.path)
    return match["shown"] if match else ""
