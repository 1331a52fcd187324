"""``GET /history`` and ``GET /notifications/{id}``, for programs and for browsers."""

import time

import httpx
import pytest
from fastapi import FastAPI

from app.faces.api.examples import HISTORY, STORY
from app.policies.service import passes
from app.policies.service.access import Access
from app.values.errors import KafkaUnavailableError
from app.values.history import Addressee, Entry, Try
from app.values.snapshot import AttemptStatus
from tests.support.fakes import KEY, Fakes, serve

PAGE = {"Accept": "text/html"}
ENTRY = Entry(
    id="order-4711-filled",
    origin="notifications/0/1235",
    state="sent",
    published_at=1_767_268_800.0,
    at=1_767_268_801.0,
    title="交易信号: AAPL",
    user="trader-001",
    targets=(Addressee("webhook", "https://discord.com/api/webhooks/1234…/***"),),
    tries=(Try(1_767_268_801.0, 0, AttemptStatus.RETRY, 1, 0.1, "503 Service Unavailable"),),
)


@pytest.fixture
def filled(fakes: Fakes) -> Fakes:
    """Return fakes that know one notification."""
    fakes.tracer.entries = [(ENTRY, HISTORY.history[0])]
    fakes.tracer.stories = {"order-4711-filled": STORY, "a/b?c": STORY}
    return fakes


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 1),
        ({"q": "aapl"}, 1),
        ({"q": "SERVICE UNAVAILABLE"}, 1),
        ({"q": "nothing of it"}, 0),
        ({"user": "trader-001"}, 1),
        ({"user": "trader"}, 0),
        ({"status": "sent"}, 1),
        ({"status": "failed"}, 0),
        ({"status": "deferred"}, 0),
        ({"channel": "webhook"}, 1),
        ({"channel": "email"}, 0),
        ({"destination": "discord.com"}, 1),
        ({"destination": "hooks.example"}, 0),
        ({"since": "2026-01-01T12:00:01Z"}, 1),
        ({"since": "2026-01-01T12:00:02"}, 0),
        ({"until": "2026-01-01T20:00:02+08:00"}, 1),
        ({"until": "2026-01-01T12:00:01Z"}, 0),
        ({"q": "", "user": "", "status": "", "since": ""}, 1),
    ],
)
@pytest.mark.usefixtures("filled")
async def test_the_history_is_filtered(
    client: httpx.AsyncClient, query: dict[str, str], found: int
) -> None:
    """By text, user, state, channel, destination and time; what is empty filters nothing."""
    answer = await client.get("/history", params=query)
    assert answer.status_code == 200
    assert len(answer.json()["history"]) == found


async def test_what_was_put_aside_is_listed_if_it_is_asked_for(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """It is not settled: it comes up again."""
    deferred = Entry("m", "t/0/1", "deferred", 1.0, 2.0)
    fakes.tracer.entries = [(deferred, HISTORY.history[0])]
    assert (await client.get("/history")).json()["history"] == []
    assert len((await client.get("/history?status=deferred")).json()["history"]) == 1


async def test_a_page_leads_to_the_next(client: httpx.AsyncClient, filled: Fakes) -> None:
    """The cursor of one is taken by the next."""
    filled.tracer.cursor = "17.3"
    cursor = (await client.get("/history?limit=1")).json()["next_cursor"]
    await client.get(f"/history?limit=2&cursor={cursor}")
    assert filled.tracer.asked == [(1, None), (2, (17, 3))]


@pytest.mark.parametrize(
    "query",
    [
        *("cursor=x", "cursor=1", "limit=0", "limit=501", "status=lost", "since=yesterday"),
        *("colour=1", "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"),
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """422 names the parameter."""
    answer = await client.get(f"/history?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {"cursor", "limit", "status", "since", "colour"}


@pytest.mark.parametrize("path", ["order-4711-filled", "a%2Fb%3Fc"])
@pytest.mark.usefixtures("filled")
async def test_a_story_is_told(client: httpx.AsyncClient, path: str) -> None:
    """Whatever stands in an id."""
    answer = await client.get(f"/notifications/{path}")
    assert answer.json()["state"] == "sent"
    assert [each["status"] for each in answer.json()["targets"][0]["attempts"]] == [
        "retry",
        "delivered",
    ]


async def test_what_nobody_knows_says_how_far_back_was_looked(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """404, in words."""
    answer = await client.get("/notifications/unknown")
    assert answer.status_code == 404
    assert "no history" in answer.json()["detail"]
    fakes.tracer.oldest = 1_767_268_800.0
    answer = await client.get(f"/notifications/{'x' * 500}")
    assert "goes back to 2026-01-01T12:00:00+00:00" in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 500


@pytest.mark.parametrize("path", ["/history", "/notifications/m"])
async def test_kafka_may_be_away(client: httpx.AsyncClient, fakes: Fakes, path: str) -> None:
    """503, and nothing is made up."""
    fakes.tracer.error = KafkaUnavailableError("Kafka did not hand over the history")
    assert (await client.get(path)).status_code == 503


async def test_browsers_get_pages(client: httpx.AsyncClient, filled: Fakes) -> None:
    """The same addresses: with a story, with none, and the list."""
    filled.tracer.cursor = "17.3"
    story = await client.get("/notifications/order-4711-filled", headers=PAGE)
    assert story.headers["content-type"].startswith("text/html")
    assert "503 Service Unavailable" in story.text
    missing = await client.get("/notifications/unknown", headers=PAGE)
    assert (missing.status_code, "Nothing is known" in missing.text) == (404, True)
    listed = await client.get("/history?q=AAPL&user=", headers=PAGE)
    assert 'href="/notifications/order-4711-filled"' in listed.text
    assert 'href="/history?q=AAPL&amp;cursor=17.3"' in listed.text
    empty = await client.get("/history?q=nothing-of-it", headers=PAGE)
    assert "Nothing is found in the newest part" in empty.text


async def test_another_worker_is_answered_by_what_is_held_here(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Nothing else is looked through, and nobody is asked in turn."""
    fakes.tracer.stories = {"m-1": STORY, "m-2": STORY}
    fakes.tracer.mine = {"m-1": STORY}
    headers = {passes.HEADER: "any"}
    assert (await client.get("/notifications/m-1", headers=headers)).status_code == 200
    answer = await client.get("/notifications/m-2", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (404, "This worker does not hold it.")


async def test_a_pass_opens_one_notification_and_nothing_else(app: FastAPI) -> None:
    """Whoever gets hold of it can do nothing with it, and not for long."""
    fakes = Fakes(access=Access.of([KEY]))
    fakes.tracer.mine = {"a/b?c": STORY, "other": STORY}
    made, now = fakes.service.access.passes, time.time()

    async def status(path: str, given: str, method: str = "GET") -> int:
        async with serve(app, fakes.service, client=("10.0.0.7", 50000)) as client:
            answer = await client.request(method, path, headers={passes.HEADER: given})
        return answer.status_code

    good = made.issue("/notifications/a/b?c", now)
    assert await status("/notifications/a%2Fb%3Fc", good) == 200
    assert await status("/notifications/other", good) == 401
    assert await status("/stats", good) == 401
    assert await status("/stop", made.issue("/stop", now), "POST") == 401
    assert await status("/notifications/other", "") == 401
    late = made.issue("/notifications/other", now - 2 * passes.LIFETIME)
    assert await status("/notifications/other", late) == 401
