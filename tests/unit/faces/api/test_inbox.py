import dataclasses

import httpx
import pytest
from fastapi import FastAPI

from app.values.inbox import InboxCard
from tests.support.fakes import Fakes, serve


def card(number: int) -> InboxCard:
    """Return a Discord card."""
    return InboxCard(
        id=number, kind="discord", time="2026-01-01T12:00:00+00:00", title="T", text="X", color=255
    )


async def test_the_inbox_shows_what_came_in(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Newest first, as many as asked for."""
    fakes.inbox.received = [card(number) for number in range(1, 4)]
    body = (await client.get("/inbox?limit=2")).json()
    assert body["behaviour"] == "ok"
    assert [each["id"] for each in body["cards"]] == [3, 2]
    assert body["cards"][0]["color"] == 255


@pytest.mark.parametrize("behaviour", ["slow", "rate_limited", "error", "ok"])
async def test_the_inbox_can_be_told_how_to_answer(
    client: httpx.AsyncClient, behaviour: str
) -> None:
    """The new behaviour is in force at once."""
    answer = await client.put("/inbox/behaviour", json={"behaviour": behaviour})
    assert (answer.status_code, answer.json()) == (200, {"behaviour": behaviour})
    assert (await client.get("/inbox")).json()["behaviour"] == behaviour


async def test_an_unknown_behaviour_is_refused(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """422, and nothing changes."""
    answer = await client.put("/inbox/behaviour", json={"behaviour": "moody"})
    assert answer.status_code == 422
    assert fakes.inbox.behaviour == "ok"


async def test_the_inbox_can_be_emptied(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """204 without a body."""
    fakes.inbox.received = [card(1)]
    answer = await client.delete("/inbox")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/inbox")).json()["cards"] == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/inbox"), ("PUT", "/inbox/behaviour"), ("DELETE", "/inbox")]
)
async def test_without_an_inbox_there_is_a_problem(
    app: FastAPI, fakes: Fakes, method: str, path: str
) -> None:
    """404 says which setting gives the service one."""
    async with serve(app, dataclasses.replace(fakes.service, inbox=None)) as client:
        answer = await client.request(method, path, json={"behaviour": "ok"})
    assert answer.status_code == 404
    assert "NOTIFIER_INBOX" in answer.json()["detail"]
