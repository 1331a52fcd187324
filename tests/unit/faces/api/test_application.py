import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from app.faces.api.application import build_app
from tests.support.fakes import Fakes, serve

CALLS = {
    ("get", "/health"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/stats"),
    ("get", "/report"),
    ("get", "/metrics"),
    ("get", "/events"),
    ("post", "/start"),
    ("post", "/stop"),
    ("post", "/pause"),
    ("post", "/resume"),
    ("post", "/test-notifications"),
    ("post", "/notifications"),
    ("get", "/notifications/{message_id}"),
    ("get", "/history"),
    ("get", "/rates"),
    ("get", "/workers"),
    ("get", "/destinations"),
    ("get", "/destinations/{identity}"),
    ("post", "/destinations/{identity}/pause"),
    ("post", "/destinations/{identity}/resume"),
    ("post", "/destinations/{identity}/test"),
    ("get", "/deliveries"),
    ("get", "/dead-letters"),
    ("get", "/dead-letters/{partition}/{offset}"),
    ("get", "/dead-letters/replay"),
    ("post", "/dead-letters/replay"),
    ("post", "/reload"),
    ("put", "/log-level"),
    ("get", "/inbox"),
    ("delete", "/inbox"),
    ("put", "/inbox/behaviour"),
}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of every call."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where it stands and what is said, for every body of a request or an answer."""
    for method, path, operation in operations(document):
        places = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for place, described in places.items():
            for media_type, content in described.get("content", {}).items():
                yield f"{method} {path} {place} {media_type}", content


def test_every_call_of_the_contract_is_there(document: dict[str, Any]) -> None:
    """No more and no fewer calls than these."""
    assert {(method, path) for method, path, _ in operations(document)} == CALLS


def test_every_call_has_a_summary_and_its_own_name(document: dict[str, Any]) -> None:
    """A reader of /docs can tell calls apart, and a generator can name them."""
    found = list(operations(document))
    assert all(operation["summary"] for _, _, operation in found)
    assert len({operation["operationId"] for _, _, operation in found}) == len(found)


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    """Request or answer, JSON or text: all are shown."""
    found = list(bodies(document))
    without = [place for place, content in found if not {"example", "examples"} & set(content)]
    assert without == []
    assert len(found) > len(CALLS)


def test_every_call_describes_its_problems(document: dict[str, Any]) -> None:
    """FastAPI's own shape of errors appears nowhere."""
    for _, path, operation in operations(document):
        assert "application/problem+json" in operation["responses"]["default"]["content"], path
    assert "HTTPValidationError" not in json.dumps(document)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """The schemas that bodies refer to are in the document."""
    text = json.dumps(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    referred = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert referred
    assert referred <= known


async def test_the_schema_is_served(client: httpx.AsyncClient) -> None:
    """A program finds the description where the contract says."""
    schema = await client.get("/openapi.json")
    assert schema.json()["info"]["title"] == "Notification worker"


async def test_nothing_is_served_before_the_lifespan_has_run(app: FastAPI) -> None:
    """Not even the schema: there are no rules of access yet."""
    async with serve(app, None) as client:
        for path in ("/stats", "/health", "/docs", "/openapi.json", "/nowhere"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert "starting" in answer.json()["detail"]


async def test_the_lifespan_hands_the_service_to_the_routes(fakes: Fakes) -> None:
    """What the lifespan yields under ``service`` answers the requests."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        yield {"service": fakes.service}

    app = build_app(lifespan)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        async with serve(app, state["service"]) as client:
            stats = (await client.get("/stats")).content
    assert stats == msgspec.json.encode(fakes.worker.state)
