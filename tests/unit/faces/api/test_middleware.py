from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.faces.api.discretion import Discretion
from app.faces.api.guard import AccessGuard
from app.faces.api.middleware import BodyLimit, SecurityHeaders
from tests.support.fakes import Fakes, serve


@pytest.mark.parametrize("path", ["/stats", "/health", "/nowhere", "/metrics", "/openapi.json"])
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    """Errors as well; nothing is stored and nothing is framed."""
    headers = (await client.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


async def test_refusals_have_the_security_headers(locked: httpx.AsyncClient) -> None:
    """The guard stands behind them."""
    assert (await locked.get("/stats")).headers["cache-control"] == "no-store"


async def test_what_can_be_validated_may_be_stored(fakes: Fakes) -> None:
    """Static files have an ETag; a browser need not load them again."""
    app = SecurityHeaders(PlainTextResponse("x", headers={"ETag": '"1"'}))
    async with serve(app, fakes.service) as client:
        assert "cache-control" not in (await client.get("/")).headers


async def test_a_declared_body_that_is_too_large_is_not_read(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """413 as a problem."""
    answer = await client.post("/notifications", content=b"x" * 100_001)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "100,000 bytes" in answer.json()["detail"]
    assert fakes.publisher.published == []


async def test_a_streamed_body_that_grows_too_large_is_refused(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Without a Content-Length the bytes themselves are counted."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 10_000

    answer = await client.post("/notifications", content=endless())
    assert answer.status_code == 413
    assert "100,000 bytes" in answer.json()["detail"]
    assert fakes.publisher.published == []


async def test_a_body_up_to_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    """The limit itself is still allowed."""
    body = b'{"content": "' + b"x" * (100_000 - 15) + b'"}'
    assert len(body) == 100_000
    assert (await client.post("/notifications", content=body)).status_code == 202


Wrap = Callable[[Callable[[Scope, Receive, Send], Awaitable[None]]], SecurityHeaders]


@pytest.mark.parametrize(
    "wrap", [SecurityHeaders, AccessGuard, Discretion, lambda app: BodyLimit(app, limit=1)]
)
async def test_what_is_no_request_passes_through(wrap: Wrap) -> None:
    """The lifespan is none of the middleware's business."""
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    await wrap(inner)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]
