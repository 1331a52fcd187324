from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.faces.api.application import MAX_BODY, MAX_FORM, MAX_NOTIFICATIONS
from app.faces.api.discretion import Discretion
from app.faces.api.guard import AccessGuard
from app.faces.api.middleware import BodyLimit, HeadAsGet, SecurityHeaders
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


FORM = "application/x-www-form-urlencoded"
LIMITS = [
    ("/notifications", "application/json", MAX_NOTIFICATIONS),
    ("/notifications", FORM, MAX_FORM),
    ("/actions/test-notifications", f"{FORM}; charset=utf-8", MAX_FORM),
    ("/dead-letters/replay", "", MAX_BODY),
]


@pytest.mark.parametrize(("path", "kind", "limit"), LIMITS)
async def test_a_declared_body_that_is_too_large_is_not_read(
    client: httpx.AsyncClient, fakes: Fakes, path: str, kind: str, limit: int
) -> None:
    """413 as a problem that names the limit; forms have a small one."""
    headers = {"Content-Length": str(limit + 1), "Content-Type": kind}
    answer = await client.post(path, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"{limit:,} bytes" in answer.json()["detail"]
    assert fakes.publisher.published == []


async def test_a_streamed_body_that_grows_too_large_is_refused(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Without a Content-Length the bytes themselves are counted."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    answer = await client.post("/notifications", content=endless())
    assert answer.status_code == 413
    assert f"{MAX_NOTIFICATIONS:,} bytes" in answer.json()["detail"]
    assert fakes.publisher.published == []


async def test_a_body_up_to_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    """The limit itself is still allowed."""
    body = b'{"level": "DEBUG"}'.ljust(MAX_BODY)
    assert (await client.put("/log-level", content=body)).status_code == 200
    assert (await client.put("/log-level", content=body + b" ")).status_code == 413


@pytest.mark.parametrize("path", ["/health", "/stats", "/report", "/metrics", "/openapi.json"])
async def test_head_is_get_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    """Status and headers are the same, the length of what is left out among them."""
    asked, got = await client.head(path), await client.get(path)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert "content-length" in asked.headers


async def test_head_of_a_stream_ends(client: httpx.AsyncClient) -> None:
    """Although the stream would not."""
    answer = await client.head("/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_head_is_refused_where_get_is(
    client: httpx.AsyncClient, locked: httpx.AsyncClient
) -> None:
    """It reads as much."""
    assert (await locked.head("/stats")).status_code == 401
    assert (await client.head("/nowhere")).status_code == 404
    assert (await client.head("/stop")).status_code == 405


Wrap = Callable[[Callable[[Scope, Receive, Send], Awaitable[None]]], SecurityHeaders]


@pytest.mark.parametrize(
    "wrap",
    [
        SecurityHeaders,
        AccessGuard,
        Discretion,
        HeadAsGet,
        lambda app: BodyLimit(app, lambda _path, _kind: 1),
    ],
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
