"""Calls that look after destinations."""

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from app.faces.api.examples import DESTINATION, DESTINATIONS
from app.policies.service.access import Access
from app.values.destinations import (
    DestinationAnswer,
    DestinationPage,
    DestinationSort,
    DestinationView,
)
from app.values.errors import KafkaUnavailableError, UntestableError
from app.values.snapshot import AttemptStatus, DestinationState
from tests.support.fakes import Fakes, serve

ID = DESTINATION.id
OPEN = msgspec.structs.replace(DESTINATION, state=DestinationState.OPEN, paused_by=None)


@pytest.fixture(autouse=True)
def one(fakes: Fakes) -> None:
    """There is one destination."""
    fakes.destinations.views = {ID: OPEN}


async def test_destinations_are_listed(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The worst first, fifty at a time, if nothing else is asked for."""
    answer = await client.get("/destinations")
    page = msgspec.json.decode(answer.content, type=DestinationPage)
    assert page == msgspec.structs.replace(DESTINATIONS, destinations=(OPEN,))
    assert fakes.destinations.asked == [
        {"query": None, "state": None, "sort": DestinationSort.WORST, "limit": 50, "cursor": 0}
    ]


async def test_filters_reach_the_service(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Empty ones, as forms send them, are none."""
    await client.get("/destinations?q=discord&state=open&sort=waiting&limit=7&cursor=14")
    await client.get("/destinations?q=&state=&sort=&cursor=")
    asked, nothing = fakes.destinations.asked
    assert asked == {
        "query": "discord",
        "state": DestinationState.OPEN,
        "sort": DestinationSort.WAITING,
        "limit": 7,
        "cursor": 14,
    }
    assert (nothing["query"], nothing["state"], nothing["cursor"]) == (None, None, 0)


@pytest.mark.parametrize(
    "query", ["state=shut", "sort=best", "limit=0", "limit=501", "cursor=-1", "cursor=x", "page=2"]
)
async def test_what_means_nothing_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """By name."""
    answer = await client.get(f"/destinations?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_one_is_returned(client: httpx.AsyncClient) -> None:
    """By its id."""
    answer = await client.get(f"/destinations/{ID}")
    assert msgspec.json.decode(answer.content, type=DestinationView) == OPEN


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/test")]
)
async def test_an_unknown_one_is_not_found(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Whatever is to be done with it."""
    answer = await client.request(method, f"/destinations/nowhere{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "nowhere" in answer.json()["detail"]


async def test_it_is_paused_and_resumed(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """By whoever asks for it; the answer says how it is then."""
    paused = (await client.post(f"/destinations/{ID}/pause")).json()
    assert (paused["state"], paused["paused_by"]) == ("paused", "this machine")
    resumed = (await client.post(f"/destinations/{ID}/resume")).json()
    assert (resumed["state"], resumed["paused_by"]) == ("open", None)
    assert fakes.destinations.said == [
        ("pause", ID, "this machine"),
        ("resume", ID, "this machine"),
    ]


async def test_who_did_it_is_the_name_of_the_key(app: FastAPI) -> None:
    """It stands in the log, and on the page beside the destination."""
    fakes = Fakes(access=Access.of(["alice=a-key-of-sixteen-characters"]))
    fakes.destinations.views = {ID: OPEN}
    async with serve(app, fakes.service, client=("10.0.0.7", 50000)) as client:
        refused = await client.post(f"/destinations/{ID}/pause")
        key = {"X-API-Key": "a-key-of-sixteen-characters"}
        answer = await client.post(f"/destinations/{ID}/pause", headers=key)
    assert refused.status_code == 401
    assert answer.json()["paused_by"] == "alice"
    assert fakes.destinations.said == [("pause", ID, "alice")]


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        ((AttemptStatus.DELIVERED, None), True),
        ((AttemptStatus.REJECTED, "HTTP 404 Unknown Webhook"), False),
    ],
)
async def test_a_test_is_answered_with_what_was_said(
    client: httpx.AsyncClient,
    fakes: Fakes,
    answer: tuple[AttemptStatus, str | None],
    accepted: bool,
) -> None:
    """A no of the destination's is an answer, too."""
    fakes.destinations.answer = answer
    told = await client.post(f"/destinations/{ID}/test")
    assert told.status_code == 200
    said = msgspec.json.decode(told.content, type=DestinationAnswer)
    assert (said.accepted, said.status, said.said) == (accepted, *answer)
    assert said.destination == OPEN


async def test_what_cannot_be_done_is_said(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Kafka may be away, and nobody may be known to send a test to."""
    fakes.destinations.error = KafkaUnavailableError("no broker answers")
    assert (await client.post(f"/destinations/{ID}/pause")).status_code == 503
    fakes.destinations.error = UntestableError("no address, and no default destination is set")
    answer = await client.post(f"/destinations/{ID}/test")
    assert answer.status_code == 409
    assert "no default destination" in answer.json()["detail"]


async def test_a_page_of_another_site_changes_nothing(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """As everywhere."""
    for what in ("pause", "resume", "test"):
        answer = await client.post(
            f"/destinations/{ID}/{what}", headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert fakes.destinations.said == []
