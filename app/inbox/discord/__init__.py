"""Discord's side of an execute-webhook request: its refusals, and the cards that it shows.

The rules are Discord's own, from its papers and from people's reports, and know nothing of the
sender's. The tests' stand-in for Discord keeps to the same ones (``tests/support/discord_server``).
"""

from collections.abc import Mapping, Sequence

from app.inbox.discord.cards import read_message
from app.inbox.stand_in import Reply, StandIn, json_reply
from app.values.inbox import InboxCard

_OLDEST_VERSION = 6
"""Of the API: URLs without a version lead to it (reference, "API Versions")."""


def _read(body: bytes, place: Mapping[str, str]) -> Sequence[InboxCard]:
    return read_message(body, int(place.get("version", _OLDEST_VERSION)))


def _limited(now: float, seconds: float) -> Reply:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    headers = {
        "Retry-After": f"{seconds:.0f}",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{now + seconds:.3f}",
        "X-RateLimit-Reset-After": f"{seconds:.3f}",
        "X-RateLimit-Bucket": "inbox",
        "X-RateLimit-Scope": "user",
    }
    return json_reply(429, body, headers)


STAND_IN = StandIn(
    paths=(
        "/api/webhooks/{id}/{token}",
        r"/api/v{version:\d{1,9}}/webhooks/{id}/{token}",
    ),
    read=_read,
    accepted=Reply(204),
    limited=_limited,
    failed=json_reply(500, {"message": "500: Internal Server Error", "code": 0}),
)
