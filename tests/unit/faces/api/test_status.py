import asyncio
import time
from datetime import datetime

import anyio.to_thread
import httpx
import msgspec
import pytest

from app.faces.api.examples import DESTINATION, FLEET
from app.policies.texts.report import render_report
from app.values.fleet import Fleet
from app.values.snapshot import Status
from tests.support.fakes import Fakes


async def test_health_is_200_while_the_worker_runs(client: httpx.AsyncClient) -> None:
    """The body has the original's keys and the four counts."""
    answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "RUNNING"
    assert body["is_running"] is True
    assert {"messages_consumed", "messages_sent", "messages_failed", "messages_retried"} <= set(
        body
    )
    assert "problem" not in body


async def test_health_is_503_with_the_same_body_and_the_problem(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """A worker that should run and does not is not healthy."""
    before = (await client.get("/health")).json()
    fakes.worker.change(problem="Kafka has not answered for 21 s")
    answer = await client.get("/health")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {**before, "problem": "Kafka has not answered for 21 s"}


async def test_a_worker_stopped_on_purpose_is_healthy(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """STOPPED is a state, not a problem."""
    fakes.worker.change(status=Status.STOPPED, is_running=False)
    answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "STOPPED"


@pytest.mark.parametrize(("path", "word"), [("/health/live", "live"), ("/health/ready", "ready")])
async def test_probes_are_answered(
    client: httpx.AsyncClient, fakes: Fakes, path: str, word: str
) -> None:
    """200 when all is well, 503 with the reason when not, each for itself."""
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": word})
    if word == "live":
        fakes.worker.dead = "the poll task has ended"
    else:
        fakes.worker.unready = "the group is not joined"
    answer = await client.get(path)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    reason = fakes.worker.dead or fakes.worker.unready or "?"
    assert answer.json()["detail"].startswith(f"{reason}. ")
    other = "/health/ready" if word == "live" else "/health/live"
    assert (await client.get(other)).status_code == 200


async def test_the_report_is_plain_text(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The very text that the worker prints, and a line break."""
    answer = await client.get("/report")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    title = answer.text.splitlines()[1]
    shown = datetime.fromisoformat(title.removeprefix("  Worker Status Report - ")).astimezone()
    assert answer.text == render_report(fakes.worker.state, shown) + "\n"


async def test_metrics_come_in_the_format_asked_for(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """Prometheus asks for OpenMetrics, curl for nothing."""
    fakes.worker.change(messages_consumed=7)
    plain = await client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert "ginkgo_worker_messages_consumed_total 7.0\n" in plain.text
    asked = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    opened = await client.get("/metrics", headers=asked)
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    assert opened.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    "path",
    ["/health", "/health/live", "/health/ready", "/stats", "/report", "/metrics", "/inbox"],
)
async def test_no_answer_waits_for_a_thread(client: httpx.AsyncClient, path: str) -> None:
    """Under full load a thread gets its turn late: all of an answer is made in the loop."""
    threads = anyio.to_thread.current_default_thread_limiter()
    holders = [object() for _ in range(int(threads.available_tokens))]
    for holder in holders:
        threads.acquire_on_behalf_of_nowait(holder)
    try:
        async with asyncio.timeout(2):
            assert (await client.get(path)).status_code == 200
    finally:
        for holder in holders:
            threads.release_on_behalf_of(holder)


async def test_rates_are_told_for_all_and_for_one(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Five seconds each, oldest first; what makes no sense is refused."""
    fakes.rates.add("hooks.example/***", time.time(), 0.1, accepted=True)
    every = (await client.get("/rates?minutes=1")).json()
    assert (every["seconds"], len(every["rates"])) == (5, 12)
    assert sum(each["attempts"] for each in every["rates"]) == 1
    fakes.destinations.views = {DESTINATION.id: DESTINATION}
    rested = {"minutes": "1", "destination": DESTINATION.label}
    none = (await client.get("/rates", params=rested)).json()
    assert sum(each["attempts"] for each in none["rates"]) == 0
    for wrong in ("minutes=0", "minutes=61", "hours=1"):
        assert (await client.get(f"/rates?{wrong}")).status_code == 422


async def test_nobody_has_rates_of_a_destination_that_is_not_known(
    client: httpx.AsyncClient,
) -> None:
    """A misspelt one must not look like one that rests."""
    answer = await client.get("/rates?destination=other")
    assert answer.status_code == 404
    assert "knows no destination 'other'" in answer.json()["detail"]


async def test_the_workers_of_the_group_are_listed(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Each as it has told of itself, with the sums."""
    fakes.fleet = FLEET
    answer = await client.get("/workers")
    assert msgspec.json.decode(answer.content, type=Fleet) == FLEET
    [worker] = answer.json()["workers"]
    assert worker["id"] == answer.json()["me"]
    assert worker["partitions"] == {"notifications": [0, 2, 4]}
