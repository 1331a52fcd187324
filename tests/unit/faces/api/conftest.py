from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.faces.api.application import build_app
from app.policies.service.access import Access
from tests.support.fakes import KEY, Fakes, no_lifespan, serve


@pytest.fixture
def app() -> FastAPI:
    """Return the control plane without the page."""
    return build_app(no_lifespan)


@pytest.fixture
async def locked(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on another machine of a service with a key."""
    service = Fakes(access=Access.of([KEY])).service
    async with serve(app, service, client=("10.0.0.7", 50000)) as client:
        yield client
