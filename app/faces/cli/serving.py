"""The service in this process, until a signal ends it."""

import math
import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app
from app.settings.load import LoadedSettings
from app.values.errors import NotifierError

_AFTER_DRAIN_SECONDS = 5


class StartError(NotifierError):
    """The service did not start; the text says why."""


def serve(loaded: LoadedSettings, sockets: list[socket.socket]) -> None:
    """Run the service; return after a graceful stop.

    Args:
        loaded: The settings.
        sockets: Where the control plane listens; none runs the worker without one.

    Raises:
        StartError: It did not start.
    """
    settings = loaded.settings
    app = _WatchedStart(create_app(lambda: loaded))
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,  # the service's own logging takes uvicorn's lines over
        access_log=settings.log.level == "DEBUG",
        timeout_graceful_shutdown=math.ceil(settings.worker.drain_timeout) + _AFTER_DRAIN_SECONDS,
    )
    try:
        _Server(config).run(sockets=sockets)
    except SystemExit:
        raise StartError(app.failure) from None


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Stop, and no more: uvicorn would raise the signal again in the end, and die of it."""
        self.should_exit = True


class _WatchedStart:
    """Keeps what the application says when it cannot start: uvicorn itself would only log it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.failure = "the service did not start"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                self.failure = message["message"]
            await send(message)

        await self._app(scope, receive, watched if scope["type"] == "lifespan" else send)
