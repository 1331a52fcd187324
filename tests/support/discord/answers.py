"""Discord's answers as they go over the wire.

Forms: discord/discord-api-docs, developers/topics/rate-limits.mdx (headers and the three kinds of
429), developers/resources/message.mdx (the message object). Discord's own answers carry ``Via``,
those of Cloudflare in front of it do not, which is how clients tell them apart
(lovvskillz/python-discord-webhook, webhook.py; discordjs/discord.js#3560).
"""

import json
import math
from typing import Any, Literal

from tests.support.http_server import Answer

Scope = Literal["user", "shared", "global"]

_DISCORD = {"Content-Type": "application/json", "Via": "1.1 google", "Server": "cloudflare"}
_CLOUDFLARE = {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"}
_PAGE = (
    "<!DOCTYPE html>\n<html>\n<head>\n"
    "<title>Access denied | discord.com used Cloudflare to restrict access</title>\n"
    "</head>\n<body>\n<h1><span>Error</span> <span>{code}</span></h1>\n<p>{text}</p>\n"
    "</body>\n</html>\n"
)


def json_answer(status: int, value: Any, headers: dict[str, str]) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(value).encode(), {**_DISCORD, **headers})


def failure(status: int, code: int, message: str, headers: dict[str, str]) -> Answer:
    """Answer with one of Discord's JSON errors."""
    return json_answer(status, {"message": message, "code": code}, headers)


def no_content(headers: dict[str, str]) -> Answer:
    """Say that it is done, and nothing more."""
    return Answer(204, headers={"Via": _DISCORD["Via"], "Server": "cloudflare", **headers})


def limited(scope: Scope, wait: float, headers: dict[str, str]) -> Answer:
    """Answer that there are too many requests.

    The waiting time is told in seconds on routes without a version too: the change log has
    milliseconds there (docs/change-log/2020-09-24-api-and-gateway-v8.md, and
    discord/discord-api-docs#4722 saw them in March 2022), but clients of such URLs have read seconds
    since 2023 (lovvskillz/python-discord-webhook#136).

    Args:
        scope: ``shared`` when it is not this client's doing.
        wait: Seconds.
        headers: Of the webhook's own limit; none come with the global one.
    """
    shared = scope == "shared"
    body = {
        "message": f"{'The resource is' if shared else 'You are'} being rate limited.",
        "retry_after": milliseconds_up(wait),
        "global": scope == "global",
    }
    told = {"Retry-After": str(max(math.ceil(wait), 1)), "X-RateLimit-Scope": scope}
    if scope == "global":
        told["X-RateLimit-Global"] = "true"
    return json_answer(429, body, {**headers, **told})


def rate_limit_headers(
    limit: int, remaining: int, reset_after: float, now: float, bucket: str
) -> dict[str, str]:
    """Return what every answer says of a webhook's own limit.

    Args:
        limit: Requests in a window.
        remaining: Those still free.
        reset_after: Seconds.
        now: Seconds since the epoch.
        bucket: The same for all webhooks: "non-inclusive of top-level resources in the path".
    """
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{milliseconds_up(now + reset_after):.3f}",
        "X-RateLimit-Reset-After": f"{milliseconds_up(reset_after):.3f}",
        "X-RateLimit-Bucket": bucket,
    }


def banned(wait: float) -> Answer:
    """Answer as Cloudflare does for a banned address: a page, no JSON, nothing of Discord's.

    The page by NightfallGT/Discord-Raider-Pro#2, its ``Retry-After`` by
    discord/discord-api-docs#5385.
    """
    page = _PAGE.format(code=1015, text="You are being rate limited")
    return Answer(429, page.encode(), {**_CLOUDFLARE, "Retry-After": str(math.ceil(wait))})


def unnamed_client() -> Answer:
    """Answer a client without ``User-Agent``, which "may be blocked" (developers/reference.mdx)."""
    page = _PAGE.format(code=1010, text="The owner of this website has banned your browser")
    return Answer(403, page.encode(), dict(_CLOUDFLARE))


def milliseconds_up(seconds: float) -> float:
    """Round up to whole milliseconds, so that who waits so long waits long enough."""
    return math.ceil(round(seconds * 1000, 3)) / 1000
