from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from app.values.errors import (
    InvalidItemsError,
    InvalidRecordError,
    KafkaRefusedError,
    KafkaUnavailableError,
    NotifierError,
    RecipientsFileError,
    RecordTooLargeError,
    TemplateError,
)
from tests.support.fakes import Fakes


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem of an answer, after checking what every problem has."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"].endswith(".")
    assert body["instance"] == answer.url.path
    return body


async def test_an_unknown_path_is_told_where_to_look(client: httpx.AsyncClient) -> None:
    """404 names the path and the list of calls."""
    body = problem(await client.get("/nowhere"), 404)
    assert "/nowhere" in body["detail"]
    assert "/docs" in body["detail"]
    assert "errors" not in body


async def test_a_wrong_method_is_told_the_right_one(client: httpx.AsyncClient) -> None:
    """405 says which methods the path takes, in words and in Allow."""
    answer = await client.get("/stop")
    assert "POST" in problem(answer, 405)["detail"]
    assert answer.headers["allow"] == "POST"


async def test_every_wrong_value_is_named(client: httpx.AsyncClient) -> None:
    """422 lists each fault with its place."""
    answer = await client.post("/test-notifications?type=fax&count=0&delay=61")
    body = problem(answer, 422)
    assert [(each["location"], each["field"]) for each in body["errors"]] == [
        ("query", "type"),
        ("query", "count"),
        ("query", "delay"),
    ]
    assert "query type" in body["detail"]
    assert "2 more" in body["detail"]


@pytest.mark.parametrize(
    ("error", "status", "hint"),
    [
        (KafkaUnavailableError("Kafka did not acknowledge"), 503, "Try again"),
        (KafkaRefusedError("not allowed"), 503, "notifier doctor"),
        (RecordTooLargeError("2,000,000 bytes"), 413, "Send less"),
        (RecipientsFileError("recipients.yaml:3: no list"), 422, "stays in force"),
        (TemplateError("alert.html: unexpected end"), 422, "stays in force"),
        (NotifierError("something else."), 500, "something else"),
    ],
)
async def test_errors_of_the_service_keep_their_text(
    client: httpx.AsyncClient, fakes: Fakes, error: Exception, status: int, hint: str
) -> None:
    """What was written for the operator reaches the operator, with what to do."""
    fakes.reloader.error = error
    answer = await client.post("/reload")
    detail = problem(answer, status)["detail"]
    assert str(error) in detail
    assert hint in detail
    assert ("retry-after" in answer.headers) is isinstance(error, KafkaUnavailableError)


async def test_invalid_items_are_named_by_index_and_field(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """A producer of a thousand notifications finds the bad ones."""
    fakes.publisher.error = InvalidItemsError(
        [
            (3, InvalidRecordError("it is missing", "content")),
            (7, InvalidRecordError("it is not an object")),
        ]
    )
    body = problem(await client.post("/notifications", json=[{}]), 422)
    assert body["errors"] == [
        {"location": "body", "index": 3, "field": "content", "problem": "it is missing"},
        {"location": "body", "index": 7, "problem": "it is not an object"},
    ]
    assert body["detail"] == (
        "body item 3 content: it is missing (1 more in 'errors'). Nothing was published."
    )


async def test_an_unexpected_error_gives_nothing_away(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """The text and the traceback stay in the log."""
    fakes.reloader.error = RuntimeError("password=hunter2")
    answer = await client.post("/reload")
    assert "log" in problem(answer, 500)["detail"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_router_of_another_may_word_its_own_errors(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    """An HTTPException with a text of its own keeps it, and its headers."""

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "This is a teapot.", {"X-Kind": "oolong"})

    answer = await client.get("/teapot")
    assert problem(answer, 418)["detail"] == "This is a teapot."
    assert answer.headers["x-kind"] == "oolong"


async def test_a_problem_does_not_repeat_what_is_secret(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Neither what was sent in the wrong place, nor a path that somebody has mistaken for ours."""
    way_in = "https://hooks.example.com/T0/s3cret"
    fakes.publisher.error = InvalidItemsError(
        [(0, InvalidRecordError(f"expected a channel, got '{way_in}'", f"channels[{way_in}]"))]
    )
    body = problem(await client.post("/notifications", json=[{}]), 422)
    assert "s3cret" not in str(body)
    assert "hooks.example.com" in body["detail"]
    lost = await client.post("/api/webhooks/1/s3cret", json={})
    assert "s3cret" not in lost.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/stop", "POST"),
        ("HEAD", "/stop", "POST"),
        ("DELETE", "/stats", "GET, HEAD"),
        ("PATCH", "/dead-letters/replay", "GET, HEAD, POST"),
        ("POST", "/inbox", "DELETE, GET, HEAD"),
        ("POST", "/log-level", "PUT"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/notifications", "POST"),
    ],
)
async def test_every_method_that_a_path_takes_is_named(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """In Allow, and in words; several routes may share a path."""
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    if method != "HEAD":
        assert answer.json()["detail"].endswith(f"; it takes {allowed}.")
