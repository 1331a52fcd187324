from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.faces.api.application import build_app
from app.policies.service.access import Access
from tests.support.fakes import KEY, Fakes, serve


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
    """Start nothing: ``serve`` puts the service into the state."""
    yield {}


@pytest.fixture
def app() -> FastAPI:
    """Return the control plane."""
    return build_app(no_lifespan)


@pytest.fixture
async def fakes() -> Fakes:
    """Return the fakes behind the control plane."""
    return Fakes()


@pytest.fixture
async def client(app: FastAPI, fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on this machine, without a key."""
    async with serve(app, fakes.service) as client:
        yield client


@pytest.fixture
async def locked(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on another machine of a service with a key."""
    service = Fakes(access=Access.of([KEY])).service
    async with serve(app, service, client=("10.0.0.7", 50000)) as client:
        yield client
