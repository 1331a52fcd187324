"""The control plane and the pages on a real port, with fakes behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from app.faces.api.application import build_app
from app.faces.dashboard import add_pages
from tests.support.fakes import Fakes


@asynccontextmanager
async def served(fakes: Fakes) -> AsyncIterator[str]:
    """Serve until the block ends; yield the address."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        yield {"service": fakes.service}

    app = build_app(lifespan)
    add_pages(app)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.listen()
    task = asyncio.create_task(server._serve([listening]))  # serve() takes over signals
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        fakes.service.closing.set()
        server.should_exit = True
        await task
