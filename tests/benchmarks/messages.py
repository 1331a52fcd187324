"""The records of the benchmarks, and the mark by which the sink knows them again."""

import re

# In the content, so that it reaches the sink whatever form the body has; nothing in it is
# escaped in JSON.
MARK = re.compile(rb"bench=(\d{9});at=(\d{16});")
TEXT = (
    "AAPL broke out above 189.50 with twice its usual volume; the strategy momentum-7 suggests to "
    "go long with a stop at 184.20, and will look at the position again after the close."
)
_VALUE = (
    b'{"message_id": "bench-%09d", "content": "bench=%09d;at=%016d; ' + TEXT.encode() + b'", '
    b'"content_type": "text", "channels": ["webhook"], "priority": 1, '
    b'"timestamp": "2026-01-01T12:00:00Z", '
    b'"metadata": {"user_uuid": "trader-001", "title": "Signal %d"}, '
    b'"kwargs": {"webhook_url": "%s", "url": "https://example.com/signals/%d"}}'
)


def record(number: int, url: str, sent_at: int) -> bytes:
    """An envelope (docs/contract.md#messages).

    Args:
        number: Its number, at most nine digits.
        url: The webhook that it goes to.
        sent_at: Microseconds since the epoch.
    """
    return _VALUE % (number, number, sent_at, number, url.encode(), number)


def marks(body: bytes) -> list[tuple[int, int]]:
    """The number and the time of sending of every notification in a request's body."""
    return [(int(number), int(sent_at)) for number, sent_at in MARK.findall(body)]
