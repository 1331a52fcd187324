"""The workers of a group, as each of them shows them."""

from pathlib import Path

from tests.support.commands import run_here
from tests.support.end_to_end import World


async def test_a_worker_is_listed_with_what_it_has(world: World, tmp_path: Path) -> None:
    """Its partitions, its figures, the address of its page; the command says the same."""
    service = await world.service()
    await service.client.post("/test-notifications?type=webhook&count=3")
    await service.until_stats(lambda got: got["messages_sent"] == 3)
    answer = await service.until(
        "/workers", lambda got: got.json()["workers"][0]["address"] is not None
    )
    fleet = answer.json()
    [worker] = fleet["workers"]
    assert worker["id"] == fleet["me"]
    assert worker["process_id"] == service.process.pid
    assert worker["address"] == service.url
    assert worker["status"] == "RUNNING"
    assert worker["partitions"][world.topic] == [0, 1, 2, 3]
    assert worker["statistics"]["messages_sent"] == fleet["totals"]["messages_sent"] == 3
    status, out, err = await run_here(tmp_path, {}, "workers", "--url", service.url)
    assert (status, err) == (0, "")
    assert worker["id"] in out
    assert f"Page:           {service.url}/" in out


async def test_a_stopped_worker_is_not_among_them(world: World) -> None:
    """It says so, and is there again once it runs."""
    service = await world.service()
    await service.client.post("/stop")
    fleet = (await service.client.get("/workers")).json()
    assert fleet["workers"] == []
    await service.client.post("/start")
    fleet = (await service.client.get("/workers")).json()
    assert [each["id"] for each in fleet["workers"]] == [fleet["me"]]
