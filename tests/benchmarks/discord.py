"""Discord's rate limit of a webhook, as the sink needs it: five requests in two seconds each.

Headers and bodies are those that Discord documents; a request over the limit gets 429 with the
seconds to wait, in the body and in the headers.
"""

import json
from dataclasses import dataclass, field
from math import ceil

REQUESTS = 5
WINDOW = 2.0
MOST_EMBEDS = 10
MOST_CHARACTERS = 6000


@dataclass(frozen=True)
class Answer:
    """One answer: what goes over the wire, and what it means."""

    encoded: bytes
    accepted: bool = False
    limited: bool = False


@dataclass
class _Bucket:
    ends: float = 0.0
    left: int = REQUESTS


@dataclass
class DiscordWebhooks:
    """Every webhook of one host, each with a bucket of its own."""

    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    def answer(self, webhook: int, body: bytes, now: float) -> Answer:
        """Answer one execute-webhook request.

        Args:
            webhook: Its number.
            body: The JSON text.
            now: Seconds since the epoch.
        """
        bucket = self._buckets.setdefault(webhook, _Bucket())
        if now >= bucket.ends:
            bucket.ends, bucket.left = now + WINDOW, REQUESTS
        wait = bucket.ends - now
        if not bucket.left:
            limit = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            extra = f"Retry-After: {ceil(wait)}\r\nX-RateLimit-Scope: user\r\n"
            return Answer(
                _encode("429 Too Many Requests", bucket, wait, limit, extra), limited=True
            )
        bucket.left -= 1
        if fault := _fault(body):
            refusal = {"code": 50035, "message": f"Invalid Form Body: {fault}"}
            return Answer(_encode("400 Bad Request", bucket, wait, refusal))
        return Answer(_encode("204 No Content", bucket, wait), accepted=True)


def _fault(body: bytes) -> str | None:
    """What Discord would refuse, of that which merging messages can bring about."""
    try:
        message = json.loads(body)
        embeds = message.get("embeds", [])
        length = sum(len(e.get("title", "")) + len(e.get("description", "")) for e in embeds)
    except (ValueError, AttributeError, TypeError):
        return "not a message"
    if not embeds and not message.get("content"):
        return "empty message"
    if len(embeds) > MOST_EMBEDS or length > MOST_CHARACTERS:
        return "too many embeds or too long"
    return None


def _encode(
    status: str, bucket: _Bucket, wait: float, value: object = None, extra: str = ""
) -> bytes:
    body = b"" if value is None else json.dumps(value).encode()
    described = "" if value is None else "Content-Type: application/json\r\n"
    length = "" if status.startswith("204") else f"Content-Length: {len(body)}\r\n"
    head = (
        f"HTTP/1.1 {status}\r\n{described}{length}{extra}"
        f"X-RateLimit-Limit: {REQUESTS}\r\nX-RateLimit-Remaining: {bucket.left}\r\n"
        f"X-RateLimit-Reset: {bucket.ends:.3f}\r\nX-RateLimit-Reset-After: {wait:.3f}\r\n"
        "X-RateLimit-Bucket: webhook\r\n\r\n"
    )
    return head.encode() + body
