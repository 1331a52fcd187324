"""Which headers an operator may have sent with every request to a webhook."""

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_MAX_VALUE = 4096
RESERVED = frozenset(
    {"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
    | {"content-type", "content-encoding", "content-length"}
    | {"accept", "accept-encoding", "user-agent"}
)
"""Headers that every request has by itself, in lower case."""


def header_problem(name: str, value: str) -> str | None:
    """Say why a header cannot be sent, or None. The text never holds the value.

    The service writes some itself: those that frame the request, and those that tell a receiver
    which notification it is and who sent it.
    """
    if not _NAME.fullmatch(name):
        return f"{name[:100]!r} is no name of a header"
    if name.lower() in RESERVED or name.lower().startswith(("webhook-", "proxy-")):
        return f"{name} is written by the service itself"
    if len(value) > _MAX_VALUE or not _VALUE.fullmatch(value):
        return f"the value of {name} is not printable ASCII of at most {_MAX_VALUE} characters"
    return None
