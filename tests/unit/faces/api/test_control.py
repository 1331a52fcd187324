import httpx
import pytest
from fastapi import FastAPI

from app.values.errors import KafkaRefusedError
from tests.support.fakes import Fakes, serve


async def test_start_answers_when_done(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """200 with the new state, however often it is asked."""
    await client.post("/stop")
    for _ in range(2):
        answer = await client.post("/start")
        assert answer.status_code == 200
        assert answer.json()["status"] == "RUNNING"
    assert fakes.worker.state.is_running


async def test_start_answers_202_while_kafka_is_away(app: FastAPI) -> None:
    """The caller is not kept waiting; the start goes on."""
    fakes = Fakes(patience=0.01)
    fakes.worker.kafka.clear()
    async with serve(app, fakes.service) as client:
        answer = await client.post("/start")
        assert answer.status_code == 202
        assert answer.json()["status"] == "STARTING"
        fakes.worker.kafka.set()
        assert (await client.post("/start")).status_code == 200
    assert fakes.worker.state.is_running


async def test_a_start_that_kafka_refuses_is_a_problem(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    """503 with the reason."""
    fakes.worker.start_error = KafkaRefusedError("not allowed to read the topic")
    answer = await client.post("/start")
    assert answer.status_code == 503
    assert "not allowed to read the topic" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "drain"), [("", True), ("?drain=true", True), ("?drain=false", False)]
)
async def test_stop_drains_unless_told_not_to(
    client: httpx.AsyncClient, fakes: Fakes, query: str, drain: bool
) -> None:
    """200 with the new state, however often it is asked."""
    for _ in range(2):
        answer = await client.post(f"/stop{query}")
        assert answer.status_code == 200
        assert answer.json()["status"] == "STOPPED"
    assert fakes.worker.stops == [drain, drain]


async def test_pause_and_resume_show_the_new_state(client: httpx.AsyncClient) -> None:
    """Both can be repeated."""
    for path, paused in (("/pause", True), ("/pause", True), ("/resume", False)):
        answer = await client.post(path)
        assert answer.status_code == 200
        assert answer.json()["paused"] is paused


async def test_reload_says_what_there_is_now(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """Users, groups and templates are counted."""
    answer = await client.post("/reload")
    assert answer.status_code == 200
    assert answer.json() == {"users": 2, "groups": 1, "templates": 3}
    assert fakes.reloader.reloads == 1


async def test_the_log_level_is_set(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """The answer repeats the level in force."""
    answer = await client.put("/log-level", json={"level": "DEBUG"})
    assert answer.status_code == 200
    assert answer.json() == {"level": "DEBUG"}
    assert fakes.log_levels == ["DEBUG"]


async def test_an_unknown_log_level_is_refused(client: httpx.AsyncClient, fakes: Fakes) -> None:
    """422 names the field."""
    answer = await client.put("/log-level", json={"level": "LOUD"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "level"
    assert fakes.log_levels == []
