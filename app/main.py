"""The service: ``uvicorn app.main:app``. Settings are read when it starts, not at import."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.collector import many_files, quick_switching, relaxed_collector
from app.composition import running_service
from app.edges.own_addresses import OwnAddresses
from app.edges.supervisor import Supervisor
from app.edges.terminal import has_terminal
from app.faces.api.application import build_app
from app.faces.dashboard import add_pages
from app.faces.service import Service
from app.server import check_open, listening_at, serving_uvicorn
from app.settings.load import LoadedSettings, load_from_process
from app.shutdown import graceful_shutdown
from app.supervised import supervised
from app.values.errors import NotifierError

log = logging.getLogger(__name__)


def create_app(load: Callable[[], LoadedSettings] = load_from_process) -> FastAPI:
    """Build the application.

    Args:
        load: Reads the settings, when the application starts.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        loaded = load()
        server = serving_uvicorn()
        check_open(loaded.settings, server)
        own_addresses = OwnAddresses(
            partial(listening_at, server) if server else None,
            "https" if server and server.config.is_ssl else "http",
        )
        with many_files():
            async with (
                running_service(loaded, own_addresses) as service,
                supervised(service, Supervisor()),
                graceful_shutdown(service),
            ):
                _take_hangups(service)
                with relaxed_collector(), quick_switching():
                    yield {"service": service}

    app = build_app(lifespan)
    add_pages(app)
    app.add_middleware(_PlainStartupErrors)
    return app


def _take_hangups(service: Service) -> None:
    """Reload at SIGHUP; stop if it means that the terminal was closed which started the service."""
    began_in_terminal = has_terminal()

    def hung_up() -> None:
        if began_in_terminal and not has_terminal():
            os.kill(os.getpid(), signal.SIGTERM)
            return
        try:
            log.info("reloaded: %s", service.reloader.reload())
        except NotifierError as error:
            log.error("not reloaded, the old files stay in force: %s", error)  # noqa: TRY400 - the text is meant for the operator

    try:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up)
    except (ValueError, RuntimeError):
        log.debug("not in the main thread: SIGHUP does not reload")


class _PlainStartupErrors:
    """Replaces the traceback of a start that an operator can mend by the one line that says how."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def plain(message: Message) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, NotifierError):
                message = {**message, "message": str(error)}
            await send(message)

        await self._app(scope, receive, plain)


app = create_app()
