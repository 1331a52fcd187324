"""WeCom's webhook URLs: ``/cgi-bin/webhook/send?key={key}``, on any host."""

from urllib.parse import SplitResult, parse_qsl, quote

_PATH = "/cgi-bin/webhook/send"


def _key(url: SplitResult) -> str:
    """Return the key; empty if it is not a robot's URL."""
    if url.path.rstrip("/") != _PATH:
        return ""
    return dict(parse_qsl(url.query)).get("key", "")


def is_robot(url: SplitResult) -> bool:
    """Say whether path and query have WeCom's form."""
    return bool(_key(url))


def limit_key(url: SplitResult) -> str:
    """Return the key that all URLs of one robot share; empty for other URLs."""
    key = _key(url)
    return f"{url.scheme}://{url.netloc}{_PATH}?key={quote(key, safe='')}" if key else ""
