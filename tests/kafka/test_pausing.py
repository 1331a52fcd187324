"""A destination that is paused, on every worker of a group and over restarts."""

import asyncio
from collections import Counter

import pytest

from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer
from tests.support.kafka_cluster import Kafka
from tests.support.service import ServiceProcess

__all__ = ["hooks", "world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


async def is_shown_as(service: ServiceProcess, identity: str, state: str) -> None:
    """Wait until a worker shows the destination so."""
    await service.until(
        f"/destinations/{identity}",
        lambda got: got.status_code == 200 and got.json()["state"] == state,
    )


async def test_a_pause_holds_on_every_worker_and_loses_nothing(
    world: World, hooks: HttpServer
) -> None:
    """One worker is told, one is killed, another one starts; then all of it arrives, once each."""
    world.settings["NOTIFIER_WEBHOOK__DEFAULT_URL"] = hooks.url("/hook")
    services = [await world.service() for _ in range(3)]
    publish = await world.publisher(None)

    async def sent(first: int, last: int) -> None:
        """Publish numbered notifications, spread over the partitions."""
        for number in range(first, last):
            value = {"message_id": f"id-{number}", "content": f"m{number}", "channels": ["webhook"]}
            await publish(value, key=b"%d" % number)

    async def deferred(count: int) -> None:
        """Wait until the workers that live have put so many aside."""
        async with asyncio.timeout(60):
            while True:
                stats = await asyncio.gather(*(each.stats() for each in services))
                if sum(got["deferred_waiting"] for got in stats) >= count:
                    return
                await asyncio.sleep(0.1)

    await sent(0, 30)
    await hooks.wait_for(30, timeout=60)
    [listed] = (await services[0].client.get("/destinations")).json()["destinations"]
    identity = listed["id"]
    answer = await services[0].client.post(f"/destinations/{identity}/pause")
    assert answer.json()["paused_by"] == "this machine"
    await asyncio.gather(*(is_shown_as(each, identity, "paused") for each in services))

    await sent(30, 60)
    await deferred(30)
    services.pop().process.kill()
    services.append(await world.service())
    await is_shown_as(services[-1], identity, "paused")
    await sent(60, 80)
    await deferred(50)
    assert len(hooks.received) == 30

    await services[1].client.post(f"/destinations/{identity}/resume")
    await hooks.wait_for(80, timeout=60)
    texts = Counter(request.json["data"]["content"] for request in hooks.received)
    assert texts == Counter(f"m{number}" for number in range(80))
