"""Asking for replays."""

import httpx
import pytest

from app.values.errors import BusyError
from app.values.outcome import Reason
from app.values.replay import Selection
from tests.support.fakes import Fakes


async def test_ids_become_places(fakes: Fakes, client: httpx.AsyncClient) -> None:
    """``partition/offset``, as the list has them."""
    answer = await client.post("/dead-letters/replay", json={"ids": ["3/17", "0/2"], "rate": 5})
    assert answer.status_code == 202
    assert answer.json()["state"] == "running"
    assert fakes.replayer.asked == [(Selection(places=frozenset({(3, 17), (0, 2)})), 5.0)]
    assert (await client.get("/dead-letters/replay")).json()["rate"] == 5


async def test_a_filter_selects(fakes: Fakes, client: httpx.AsyncClient) -> None:
    """Reason, time and text; naive times mean UTC."""
    wanted = {
        "reason": "exhausted",
        "since": "2026-01-01T12:00:00",
        "until": "2026-01-01T13:00:00+01:00",
        "q": "AAPL",
    }
    await client.post("/dead-letters/replay", json={"filter": wanted})
    noon = 1767268800.0
    expected = Selection(reason=Reason.EXHAUSTED, since=noon, until=noon, query="AAPL")
    assert fakes.replayer.asked == [(expected, None)]


async def test_a_dry_run_does_nothing(fakes: Fakes, client: httpx.AsyncClient) -> None:
    """It answers what would be done."""
    answer = await client.post("/dead-letters/replay", json={"filter": {}, "dry_run": True})
    assert answer.status_code == 200
    assert answer.json()["ids"] == ["0/1"]
    assert fakes.replayer.asked == [(Selection(), "plan")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either ids or filter"),
        ({"ids": ["1/1"], "filter": {}}, "either ids or filter"),
        ({"ids": []}, "ids"),
        ({"ids": ["1-1"]}, "'1-1' is not an id"),
        ({"filter": {"reason": "odd"}}, "filter.reason"),
        ({"filter": {"since": "yesterday"}}, "filter.since"),
        ({"filter": {"raeson": "invalid"}}, "raeson"),
        ({"filter": {}, "rate": 0}, "rate"),
        ({"filter": {}, "dryrun": True}, "dryrun"),
        ([], "body"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    fakes: Fakes, client: httpx.AsyncClient, body: object, words: str
) -> None:
    """A misspelt filter must not replay everything."""
    answer = await client.post("/dead-letters/replay", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert fakes.replayer.asked == []


async def test_one_at_a_time(fakes: Fakes, client: httpx.AsyncClient) -> None:
    """A second one is a conflict."""
    fakes.replayer.error = BusyError("a replay is under way; wait for its end")
    answer = await client.post("/dead-letters/replay", json={"filter": {}})
    assert answer.status_code == 409
    assert "under way" in answer.json()["detail"]
