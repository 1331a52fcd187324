"""Destinations that an operator looks after, in the real process."""

from pathlib import Path

from tests.support.commands import run_here
from tests.support.end_to_end import World
from tests.support.http_server import Answer, HttpServer
from tests.support.service import ServiceProcess


async def sent(service: ServiceProcess, count: int) -> None:
    """Publish so many test notifications."""
    await service.client.post(f"/test-notifications?type=webhook&count={count}")


async def test_a_destination_is_paused_tested_and_resumed(
    world: World, hooks: HttpServer, tmp_path: Path
) -> None:
    """Nothing reaches it meanwhile but the test, nothing is lost, and all of it comes at once."""
    keys = {"NOTIFIER_API_KEYS": '["alice=a-key-of-sixteen-characters"]'}
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"), **keys})
    service.client.headers["X-API-Key"] = "a-key-of-sixteen-characters"
    given = ("--url", service.url, "--api-key", "a-key-of-sixteen-characters")
    await sent(service, 1)
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    [listed] = (await service.client.get("/destinations")).json()["destinations"]
    identity = listed["id"]
    assert (listed["state"], listed["messages_sent"]) == ("open", 1)

    status, out, _ = await run_here(tmp_path, {}, "destinations", "pause", identity, *given)
    assert status == 0
    assert "is paused by alice." in out
    await sent(service, 5)
    stats = await service.until_stats(lambda got: got["messages_deferred"] == 5)
    [shown] = stats["destinations"].values()
    assert shown["state"] == "paused"
    assert len(hooks.received) == 1
    await service.until(
        "/health", lambda got: any("was paused by alice" in each for each in got.json()["warnings"])
    )
    await service.logged("was paused by alice")

    status, out, _ = await run_here(tmp_path, {}, "destinations", "test", identity, *given)
    assert status == 0
    assert "accepted the test in" in out
    assert len(hooks.received) == 2
    hooks.behaviour = Answer(404, b"no such hook")
    status, _, err = await run_here(tmp_path, {}, "destinations", "test", identity, *given)
    assert status == 1
    assert "did not accept the test" in err
    hooks.behaviour = Answer(200)

    status, out, _ = await run_here(tmp_path, {}, "destinations", "resume", identity, *given)
    assert status == 0
    assert "is resumed." in out
    stats = await service.until_stats(lambda got: got["messages_sent"] == 6, seconds=10)
    assert stats["messages_consumed"] == 6
    assert stats["messages_retried"] == 0
    ids = [request.headers["webhook-id"] for request in hooks.received]
    assert len(ids) == len(set(ids)) == 8  # two of them tests

    status, out, _ = await run_here(tmp_path, {}, "destinations", *given)
    assert status == 0
    assert identity in out
    status, _, err = await run_here(tmp_path, {}, "destinations", "pause", "nowhere", *given)
    assert status == 1
    assert "knows no destination 'nowhere'" in err


async def test_a_pause_outlives_stop_and_start(world: World, hooks: HttpServer) -> None:
    """It stands in Kafka, and holds from the first record on."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    await sent(service, 1)
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    [listed] = (await service.client.get("/destinations")).json()["destinations"]
    await service.client.post(f"/destinations/{listed['id']}/pause")
    await service.client.post("/stop")
    await sent(service, 3)
    await service.client.post("/start")
    await service.until_stats(lambda got: got["messages_deferred"] == 3)
    assert len(hooks.received) == 1
    await service.client.post("/stop")
    await service.client.post(f"/destinations/{listed['id']}/resume")
    await service.client.post("/start")
    await service.until_stats(lambda got: got["messages_sent"] == 4, seconds=10)
    assert len(hooks.received) == 4
