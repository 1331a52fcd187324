"""A control plane over fakes."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.faces.api.application import build_app
from app.faces.dashboard import add_pages
from tests.support.fakes import Fakes, no_lifespan, serve


@pytest.fixture
def app() -> FastAPI:
    """Return the control plane with the page."""
    app = build_app(no_lifespan)
    add_pages(app)
    return app


@pytest.fixture
async def fakes() -> Fakes:
    """Return the fakes behind the control plane."""
    return Fakes()


@pytest.fixture
async def client(app: FastAPI, fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on this machine, without a key."""
    async with serve(app, fakes.service) as client:
        yield client
