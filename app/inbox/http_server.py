"""The inbox's webhook server: as the service that a path belongs to, else as anybody's webhook."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import assert_never

from aiohttp import web

from app.inbox import (
    bark,
    dingtalk,
    discord,
    feishu,
    gotify,
    mattermost,
    ntfy,
    pushplus,
    rocketchat,
    serverchan,
    slack,
    teams,
    telegram,
    webhook,
    wecom,
)
from app.inbox.behaviour import Behaviour
from app.inbox.stand_in import RefusedError, Reply, StandIn
from app.values.inbox import InboxCard

STAND_INS = (
    discord.STAND_IN,
    telegram.STAND_IN,
    slack.STAND_IN,
    feishu.STAND_IN,
    dingtalk.STAND_IN,
    wecom.STAND_IN,
    teams.STAND_IN,
    mattermost.STAND_IN,
    rocketchat.STAND_IN,
    ntfy.STAND_IN,
    gotify.STAND_IN,
    bark.STAND_IN,
    serverchan.STAND_IN,
    pushplus.STAND_IN,
    webhook.STAND_IN,
)
"""The first whose path it is answers."""
MAX_BODY = 4 * 1024 * 1024
RETRY_AFTER = 1.0
SHUTDOWN_TIMEOUT = 0.05  # for answers under way; 0 would mean without end


class _Server:
    def __init__(
        self,
        keep: Callable[[InboxCard], Awaitable[None]],
        behaviour: Callable[[], Behaviour],
        slowness: float,
    ) -> None:
        self._keep = keep
        self._behaviour = behaviour
        self._slowness = slowness

    async def answer(self, stand_in: StandIn, request: web.Request) -> web.Response:
        """Answer as the service would."""
        body = await _read(request)
        behaviour = self._behaviour()
        match behaviour:
            case Behaviour.RATE_LIMITED:
                return _response(stand_in.limited(time.time(), RETRY_AFTER))
            case Behaviour.ERROR:
                return _response(stand_in.failed)
            case Behaviour.SLOW:
                await asyncio.sleep(self._slowness)
            case Behaviour.OK:
                pass
            case _:
                assert_never(behaviour)
        try:
            cards = stand_in.read(body, request.match_info)
        except RefusedError as error:
            return _response(error.reply)
        for card in cards:
            await self._keep(card)
        return _response(stand_in.accepted)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="The body cannot be read") from error


@contextlib.asynccontextmanager
async def serve_http(
    keep: Callable[[InboxCard], Awaitable[None]],
    behaviour: Callable[[], Behaviour],
    slowness: float,
) -> AsyncIterator[tuple[str, int]]:
    """Serve webhooks on a free loopback port and yield the address."""
    server = _Server(keep, behaviour, slowness)
    app = web.Application(client_max_size=MAX_BODY)
    for stand_in in STAND_INS:
        for path in stand_in.paths:
            app.router.add_post(path, partial(server.answer, stand_in))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield host, port
    finally:
        await runner.cleanup()
