from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.faces.api.middleware import AccessGuard, BodyLimit, Discretion, SecurityHeaders
from app.policies.access import Access
from app.policies.redaction import Secrets
from tests.support.fakes import Fakes, serve

KEY = "a key"


@pytest.fixture
async def locked(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on another machine of a service with a key."""
    service = Fakes(access=Access.of([KEY])).service
    async with serve(app, service, client=("10.0.0.7", 50000)) as client:
        yield client


async def test_another_machine_is_refused_without_keys(app: FastAPI, fakes: Fakes) -> None:
    """403 as a problem, health excepted."""
    async with serve(app, fakes.service, client=("10.0.0.7", 50000)) as client:
        answer = await client.get("/stats")
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/health")).status_code == 200


async def test_a_foreign_host_is_refused_without_keys(client: httpx.AsyncClient) -> None:
    """A page whose name was pointed at this machine reads nothing."""
    assert (await client.get("/stats", headers={"Host": "evil.com"})).status_code == 403


async def test_two_hosts_are_none(client: httpx.AsyncClient) -> None:
    """A second Host header does not slip past the check of the first."""
    request = client.build_request("GET", "/stats", headers=[("Host", "localhost"), ("Host", "x")])
    assert (await client.send(request)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}],
)
async def test_a_key_opens_from_anywhere(
    locked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """Either header carries it."""
    assert (await locked.get("/stats", headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "another"}, {"Authorization": "Basic YQ=="}])
async def test_without_the_key_a_challenge_is_sent(
    locked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """401 names the scheme, and echoes no key."""
    answer = await locked.get("/docs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another" not in answer.text


async def test_a_foreign_page_changes_nothing(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The worker is not stopped by a page that the operator happens to visit."""
    answer = await client.post("/stop", headers={"Origin": "https://evil.com"})
    assert answer.status_code == 403
    assert fakes.worker.stops == []
    own = await client.post("/stop", headers={"Origin": "http://127.0.0.1:8000"})
    assert own.status_code == 200


async def test_a_proxy_is_not_this_machine(client: httpx.AsyncClient) -> None:
    """A request that says whom it came from by way of is refused, whatever its Host."""
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=x"}, {"X-Real-IP": "x"}):
        assert (await client.get("/stats", headers=headers)).status_code == 403


async def test_a_webhook_that_comes_back_stops_nothing(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """It is refused, and where it came in is never connected to from then on."""
    assert not fakes.service.own_addresses.covers("127.0.0.1", 8000)
    answer = await client.post("/stop", headers={"User-Agent": "notification-worker"})
    assert answer.status_code == 421
    assert fakes.worker.stops == []
    assert fakes.service.own_addresses.covers("127.0.0.1", 8000)


async def test_what_the_operator_must_mend_is_logged_once(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    """Production that turns out to be open says so, not for every request."""
    service = Fakes(access=Access.of(closed=True)).service
    async with serve(app, service, client=("10.0.0.7", 50000)) as client:
        for _ in range(2):
            assert (await client.get("/health")).status_code == 403
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "NOTIFIER_API_KEYS" in caplog.text


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


async def test_no_answer_shows_a_secret_of_the_settings(app: FastAPI) -> None:
    """Whoever has quoted it, whatever it is quoted in; the length is that of what is sent."""
    secret = 'pass"wörd'
    fakes = Fakes(secrets=Secrets([secret]))
    fakes.worker.change(problem=f"Kafka says: {secret}, and in a login AHBhc3Mid8O2cmQ=")
    async with serve(app, fakes.service) as client:
        for path in ("/stats", "/health", "/events-of-nowhere?x=pass%22w%C3%B6rd"):
            answer = await client.get(path)
            assert "wörd" not in answer.text
            assert "AHBhc3" not in answer.text
            assert int(answer.headers["content-length"]) == len(answer.content)
        assert (await client.get("/stats")).json()[
            "problem"
        ] == "Kafka says: ***, and in a login ***"


async def test_a_stream_shows_no_secret_either() -> None:
    """Piece by piece; and what is no text is left alone."""

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        kind = scope["path"].removeprefix("/").replace("-", "/")
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a hush b", "more_body": True})
        await send({"type": "http.response.body", "body": b"\xff hush"})

    service = Fakes(secrets=Secrets(["hush"])).service
    async with serve(Discretion(stream), service) as client:
        assert (await client.get("/text-event")).content == b"a *** b\xff ***"
        assert (await client.get("/image-png")).content == b"a hush b\xff hush"
    async with serve(Discretion(stream), None) as client:
        assert (await client.get("/text-event")).content == b"a hush b\xff hush"


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
    "wrap", [SecurityHeaders, AccessGuard, lambda app: BodyLimit(app, limit=1)]
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
