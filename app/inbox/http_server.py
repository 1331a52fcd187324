"""The inbox's webhook server: Discord's paths as Discord, every other path as anybody's webhook."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web

from app.inbox.behaviour import Behaviour
from app.inbox.discord.cards import RefusedError, read_message
from app.inbox.webhook import read_webhook
from app.values.inbox import InboxCard

MAX_BODY = 4 * 1024 * 1024
RETRY_AFTER = 1.0
OLDEST_VERSION = 6
"""Of Discord's API: URLs without a version lead to it (reference, "API Versions")."""
SHUTDOWN_TIMEOUT = 0.05  # for answers under way; 0 would mean without end


class _Webhooks:
    def __init__(
        self,
        keep: Callable[[InboxCard], None],
        behaviour: Callable[[], Behaviour],
        slowness: float,
    ) -> None:
        self._keep = keep
        self._behaviour = behaviour
        self._slowness = slowness

    async def discord(self, request: web.Request) -> web.Response:
        """Answer as Discord answers an execute-webhook request."""
        body = await _read(request)
        match self._behaviour():
            case Behaviour.RATE_LIMITED:
                return _discord_rate_limit()
            case Behaviour.ERROR:
                return web.json_response(
                    {"message": "500: Internal Server Error", "code": 0}, status=500
                )
            case Behaviour.SLOW:
                await asyncio.sleep(self._slowness)
            case Behaviour.OK:
                pass
        try:
            cards = read_message(body, int(request.match_info.get("version", OLDEST_VERSION)))
        except RefusedError as error:
            return web.json_response(error.answer, status=400)
        for card in cards:
            self._keep(card)
        return web.Response(status=204)

    async def other(self, request: web.Request) -> web.Response:
        """Answer as a receiver that takes everything."""
        body = await _read(request)
        match self._behaviour():
            case Behaviour.RATE_LIMITED:
                headers = {"Retry-After": f"{RETRY_AFTER:.0f}"}
                return web.Response(status=429, text="Too many requests", headers=headers)
            case Behaviour.ERROR:
                return web.Response(status=500, text="Internal server error")
            case Behaviour.SLOW:
                await asyncio.sleep(self._slowness)
            case Behaviour.OK:
                pass
        self._keep(read_webhook(body))
        return web.Response(status=200)


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="The body cannot be read") from error


def _discord_rate_limit() -> web.Response:
    body: dict[str, Any] = {
        "message": "You are being rate limited.",
        "retry_after": RETRY_AFTER,
        "global": False,
    }
    headers = {
        "Retry-After": f"{RETRY_AFTER:.0f}",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time.time() + RETRY_AFTER:.3f}",
        "X-RateLimit-Reset-After": f"{RETRY_AFTER:.3f}",
        "X-RateLimit-Bucket": "inbox",
        "X-RateLimit-Scope": "user",
    }
    return web.json_response(body, status=429, headers=headers)


@contextlib.asynccontextmanager
async def serve_http(
    keep: Callable[[InboxCard], None], behaviour: Callable[[], Behaviour], slowness: float
) -> AsyncIterator[tuple[str, int]]:
    """Serve webhooks on a free loopback port and yield the address.

    Args:
        keep: Called with every card that was accepted.
        behaviour: How to answer now.
        slowness: Seconds that a slow answer takes.
    """
    webhooks = _Webhooks(keep, behaviour, slowness)
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post("/api/webhooks/{id}/{token}", webhooks.discord)
    app.router.add_post(r"/api/v{version:\d+}/webhooks/{id}/{token}", webhooks.discord)
    app.router.add_post("/{path:.*}", webhooks.other)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield host, port
    finally:
        await runner.cleanup()
