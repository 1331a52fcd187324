"""Server酱's addresses, with the key in the path.

``https://sctapi.ftqq.com/SCT….send``; keys that begin with ``sctp`` belong to the newer service, at
``https://<number>.push.ft07.com/send/sctp….send``.
"""

import re
from urllib.parse import SplitResult

_PATH = re.compile(r"(?:/.*)?/(?P<key>[A-Za-z0-9_-]+)\.send")
_NEWER = re.compile(r"sctp([0-9]+)t", re.IGNORECASE)
_OLDER_HOST = "sctapi.ftqq.com"


def lacking(url: SplitResult) -> str:
    """Say what a URL lacks, or that its key belongs to another host."""
    match = _PATH.fullmatch(url.path)
    if match is None:
        return "names no key of Server酱's: write https://sctapi.ftqq.com/KEY.send"
    newer = _NEWER.match(match["key"])
    if newer and url.hostname == _OLDER_HOST:
        return f"has a key of Server酱³: write https://{newer[1]}.push.ft07.com/send/KEY.send"
    return ""
