"""Feishu's and Lark's webhook URLs: ``/open-apis/bot/v2/hook/{token}``, on any host."""

import re
from urllib.parse import SplitResult

from app.values.channel import SecretForm

_PATH = re.compile(r"/open-apis/bot/v2/hook/([^/]+)/?")
_OLD_PATH = re.compile(r"/open-apis/bot/hook/[^/]+/?")

SECRET = SecretForm("open-apis", r"""/open-apis/bot/(?:v2/)?hook/([^\s"'<>/?#]+)""")
"""The token is all there is."""


def is_robot(url: SplitResult) -> bool:
    """Say whether a URL's path has Feishu's form."""
    return _PATH.fullmatch(url.path) is not None


def fault(url: SplitResult) -> str:
    """Say why a URL of the first version, which takes another form, cannot be used."""
    if _OLD_PATH.fullmatch(url.path) is None:
        return ""
    return (
        "is of the first version of Feishu's robots (/open-apis/bot/hook/): add the robot to the"
        " group again, and use the URL that Feishu shows then (/open-apis/bot/v2/hook/)"
    )


def limit_key(url: SplitResult) -> str:
    """Return the key that all URLs of one robot share; empty for other URLs."""
    match = _PATH.fullmatch(url.path)
    return f"{url.scheme}://{url.netloc}/open-apis/bot/v2/hook/{match[1]}" if match else ""
