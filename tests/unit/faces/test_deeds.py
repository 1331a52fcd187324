"""What people have the worker do stands in the log and on the page, with the name of their key."""

import logging
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from app.faces.deeds import KEPT, Deeds
from app.policies.service.access import Access
from app.values.errors import BusyError, TemplateError
from app.values.replay import Replay
from tests.support.fakes import Fakes, serve

KEY = "the-key-of-operations"
HEADERS = {"X-API-Key": KEY}


@pytest.fixture
async def fakes() -> Fakes:
    """Return the fakes of a service with a named key."""
    return Fakes(access=Access.of([f"ops={KEY}"]))


@pytest.mark.parametrize(
    ("path", "options", "what"),
    [
        ("/start", {}, "The worker was started."),
        ("/stop", {}, "The worker was stopped."),
        ("/stop?drain=false", {}, "The worker was stopped without draining."),
        ("/pause", {}, "Fetching was paused."),
        ("/resume", {}, "Fetching was resumed."),
        ("/reload", {}, "Recipients and templates were read anew."),
        ("/test-notifications?count=2000", {}, "Test notifications were sent: webhook, 2,000."),
        (
            "/dead-letters/replay",
            {"json": {"filter": {"reason": "expired"}}},
            "A replay was begun: what was chosen; 7 of them.",
        ),
        ("/actions/stop", {}, "The worker was stopped."),
        ("/actions/reload", {}, "Recipients and templates were read anew."),
        (
            "/dead-letters/plan",
            {"data": {"id": "3/14"}},
            "A replay was begun: what was chosen; 7 of them.",
        ),
    ],
)
async def test_what_is_done_stands_beside_the_name_of_the_key(
    app: FastAPI,
    fakes: Fakes,
    caplog: pytest.LogCaptureFixture,
    path: str,
    options: dict[str, object],
    what: str,
) -> None:
    """By the API or by the page's buttons: in the log, and on the page."""
    caplog.set_level(logging.INFO, "app.audit")
    fakes.replayer.planned = Replay(replayable=7, choice="what was chosen")
    async with serve(app, fakes.service) as client:
        answer = await client.request("POST", path, headers=HEADERS, **options)  # type: ignore[arg-type]
        assert answer.status_code in {200, 202, 303}
        page = (await client.get("/", headers=HEADERS)).text
    assert [(each.who, each.what) for each in fakes.deeds.newest] == [("ops", what)]
    [line] = [each.getMessage() for each in caplog.records if each.name == "app.audit"]
    assert line.startswith(f"POST {path} by ops from ")
    assert f">{what}<" in page
    assert KEY not in caplog.text + page


async def test_the_log_level_is_set_by_somebody(app: FastAPI, fakes: Fakes) -> None:
    """Its new value is named."""
    async with serve(app, fakes.service) as client:
        await client.put("/log-level", headers=HEADERS, json={"level": "DEBUG"})
    assert [each.what for each in fakes.deeds.newest] == ["The log level was set to DEBUG."]


async def test_what_was_not_done_is_not_written_down(app: FastAPI, fakes: Fakes) -> None:
    """A plan, a refusal, a mistake, a request without a key."""
    fakes.reloader.error = TemplateError("alert.txt: unexpected end")
    async with serve(app, fakes.service) as client:

        async def ask(path: str, **options: object) -> httpx.Response:
            return await client.request("POST", path, **options)  # type: ignore[arg-type]

        plan = {"filter": {}, "dry_run": True}
        assert (await ask("/dead-letters/replay", headers=HEADERS, json=plan)).status_code == 200
        fakes.replayer.error = BusyError("a replay is under way")
        await ask("/dead-letters/replay", headers=HEADERS, json={"filter": {}})
        await ask("/reload", headers=HEADERS)
        await ask("/actions/reload", headers=HEADERS)
        await ask("/test-notifications?count=0", headers=HEADERS)
        assert (await ask("/stop")).status_code == 401
    assert fakes.deeds.newest == []


def test_the_last_ones_are_kept() -> None:
    """Newest first for the page, what is new for its stream."""
    deeds = Deeds(now=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC))
    for number in range(KEPT + 5):
        deeds.add("ops", f"Deed {number}.")
    newest = deeds.newest
    assert (len(newest), newest[0].what, newest[0].at) == (
        KEPT,
        f"Deed {KEPT + 4}.",
        "2026-01-01T12:00:00+00:00",
    )
    assert [each.number for each in deeds.after(KEPT + 3)] == [KEPT + 4, KEPT + 5]
    assert len(deeds.after(0)) == KEPT
