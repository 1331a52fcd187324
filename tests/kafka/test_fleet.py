"""Workers that know of each other, through the control topic."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.support.end_to_end import World, world
from tests.support.http_server import Hang, HttpServer, http_server
from tests.support.kafka_cluster import Kafka
from tests.support.service import ServiceProcess

__all__ = ["world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


async def shows(service: ServiceProcess, count: int, seconds: float = 30) -> Mapping[str, Any]:
    """Wait until a worker shows so many that have partitions, and return its answer."""

    def are_there(answer: Any) -> bool:
        workers = answer.json()["workers"]
        return len(workers) == count and all(each["partitions"] for each in workers)

    answer = await service.until("/workers", are_there, seconds)
    fleet: Mapping[str, Any] = answer.json()
    return fleet


async def test_three_workers_know_of_each_other(world: World) -> None:
    """Whichever is asked lists all three; one that is killed is gone in time, one that stops at once."""
    services = [await world.service() for _ in range(3)]
    fleets = await asyncio.gather(*(shows(each, 3) for each in services))
    ids = {each["me"] for each in fleets}
    assert len(ids) == 3
    for service, fleet in zip(services, fleets, strict=True):
        assert {each["id"] for each in fleet["workers"]} == ids
        mine = next(each for each in fleet["workers"] if each["id"] == fleet["me"])
        assert mine["process_id"] == service.process.pid
        assert mine["address"] == service.url
        assert fleet["unknown"] is None
    first, second, third = services
    third.process.kill()
    await shows(first, 2, seconds=15)
    loop = asyncio.get_running_loop()
    stopping = loop.time()
    await second.client.post("/stop")
    fleet = await shows(first, 1, seconds=10)
    assert loop.time() - stopping < 9  # its own drain and the others' rebalance included
    assert [each["id"] for each in fleet["workers"]] == [fleet["me"]]


async def test_totals_are_those_of_the_group(world: World) -> None:
    """What each of them has sent, added up."""
    services = [await world.service() for _ in range(2)]
    await shows(services[0], 2)
    await services[0].client.post("/test-notifications?type=webhook&count=40")
    answer = await services[1].until(
        "/workers", lambda got: got.json()["totals"]["messages_sent"] == 40
    )
    counts = [each["statistics"]["messages_sent"] for each in answer.json()["workers"]]
    assert sum(counts) == 40
    assert min(counts) > 0


KEY = "akeyofmorethansixteenletters"
NAMES = tuple(f"m-{number}" for number in range(12))


@pytest.fixture
async def hung() -> AsyncIterator[HttpServer]:
    """A destination that does not answer."""
    async with http_server(Hang()) as server:
        yield server


async def test_whoever_is_asked_knows_what_another_worker_holds(
    world: World, hung: HttpServer
) -> None:
    """What is under way and what waits behind it; with keys, each shows the others a pass."""
    world.settings |= {"NOTIFIER_API_KEYS": KEY, "NOTIFIER_WEBHOOK__CONCURRENCY": "1"}
    services = [await world.service() for _ in range(3)]
    for each in services:
        each.client.headers["X-API-Key"] = KEY
    await asyncio.gather(*(shows(each, 3) for each in services))
    publish = await world.publisher(None)
    target = {"channels": ["webhook"], "kwargs": {"webhook_url": hung.url("/hook")}}
    for name in NAMES:
        await publish({"content": "held", "message_id": name, **target}, key=name.encode())
    await services[0].until("/workers", lambda got: got.json()["totals"]["in_flight"] == len(NAMES))
    told = [await asyncio.gather(*(holder(each, name) for each in services)) for name in NAMES]
    assert all(len(set(holders)) == 1 for holders in told)
    assert len({holders[0] for holders in told}) > 1
    answer = await services[0].client.get(f"/notifications/{NAMES[0]}")
    assert answer.json()["state"] in {"in_flight", "queued", "waiting"}


async def holder(service: ServiceProcess, name: str) -> str:
    """Return which worker holds a notification, as this one tells."""
    answer = await service.until(
        f"/notifications/{name}", lambda got: got.status_code == 200 and got.json()["worker"]
    )
    worker: str = answer.json()["worker"]
    return worker
