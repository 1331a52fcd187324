"""DingTalk's webhook URLs: ``/robot/send?access_token={token}``, on any host."""

from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

_PATH = "/robot/send"
_TOKEN = "access_token"  # noqa: S105 - a parameter's name
_OURS = ("timestamp", "sign")


def _token(url: SplitResult) -> str:
    """Return the token; empty if it is not a robot's URL."""
    if url.path.rstrip("/") != _PATH:
        return ""
    return dict(parse_qsl(url.query)).get(_TOKEN, "")


def is_robot(url: SplitResult) -> bool:
    """Say whether path and query have DingTalk's form."""
    return bool(_token(url))


def limit_key(url: SplitResult) -> str:
    """Return the key that all URLs of one robot share; empty for other URLs."""
    token = _token(url)
    if not token:
        return ""
    return f"{url.scheme}://{url.netloc}{_PATH}?{_TOKEN}={quote(token, safe='')}"


def signed(address: str, timestamp: str, sign: str) -> str:
    """Return the URL of one request.

    Args:
        address: Perhaps with a signature that somebody has copied along; it is out of date.
        timestamp: Milliseconds since the epoch; empty for a robot without a secret.
        sign: In base64, encoded for the query here and nowhere else.
    """
    url = urlsplit(address)
    given = [pair for pair in parse_qsl(url.query, keep_blank_values=True) if pair[0] not in _OURS]
    ours = list(zip(_OURS, (timestamp, sign), strict=True)) if timestamp else []
    return urlunsplit(url._replace(query=urlencode([*given, *ours])))
