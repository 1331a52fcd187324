"""What only real Kafka can show: workers that share a group, come, go and are killed."""

import asyncio
import signal
from collections import Counter
from typing import Any

import pytest

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.values.record import TopicPartition
from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import Answer, HttpServer
from tests.support.kafka_cluster import Kafka, KafkaCluster
from tests.support.service import ServiceProcess

__all__ = ["hooks", "world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


@pytest.fixture
def group(world: World, hooks: HttpServer) -> "Group":
    """Workers of one group that deliver to one recording server."""
    world.settings["NOTIFIER_WEBHOOK__DEFAULT_URL"] = hooks.url("/hook")
    return Group(world, hooks)


class Group:
    """Workers that share a group, and what the destination saw of their work."""

    def __init__(self, world: World, hooks: HttpServer) -> None:
        self.world = world
        self.hooks = hooks
        self.workers: list[ServiceProcess] = []

    async def join(self, count: int) -> None:
        """Start workers, and wait until all have partitions and nobody waits for a rebalance."""
        self.workers += await asyncio.gather(*(self.world.service() for _ in range(count)))
        await self.settled(self.workers)

    async def settled(self, workers: list[ServiceProcess]) -> None:
        """Wait until the four partitions are spread over these workers."""
        async with asyncio.timeout(60):
            while True:
                stats = await asyncio.gather(*(worker.stats() for worker in workers))
                topic = self.world.topic
                shares = [sum(p["topic"] == topic for p in got["partitions"]) for got in stats]
                if sum(shares) == 4 and min(shares) >= 1:
                    return
                await asyncio.sleep(0.05)

    def delivered(self) -> Counter[str]:
        """Count what the destination received, by text."""
        return Counter(request.json["data"]["content"] for request in self.hooks.received)

    async def until_delivered(self, wanted: set[str], seconds: float = 90) -> None:
        """Wait until the destination has seen every one of them."""
        async with asyncio.timeout(seconds):
            while not wanted <= set(self.delivered()):  # noqa: ASYNC110 - another process fills it
                await asyncio.sleep(0.05)


def numbered(count: int) -> tuple[list[dict[str, Any]], set[str]]:
    """Return numbered envelopes and their texts."""
    texts = [f"m{number}" for number in range(count)]
    values = [{"message_id": f"id-{t}", "content": t, "channels": ["webhook"]} for t in texts]
    return values, set(texts)


async def test_three_workers_share_a_hundred_messages(group: Group) -> None:
    """The guide's second scenario: each message is delivered exactly once, all three work."""
    await group.join(3)
    publish = await group.world.publisher(group.workers[0])
    values, wanted = numbered(100)
    await asyncio.gather(*(publish(value, key=value["content"].encode()) for value in values))
    await group.until_delivered(wanted)
    assert group.delivered() == Counter(wanted)
    stats = [
        await worker.until_stats(lambda got: got["in_flight"] == 0) for worker in group.workers
    ]
    assert sum(got["messages_sent"] for got in stats) == 100
    assert all(got["messages_sent"] > 0 for got in stats)


async def test_a_worker_stopped_while_messages_flow_loses_and_repeats_none(group: Group) -> None:
    """SIGTERM: what it had started arrives, the rest goes to the other worker."""
    group.hooks.behaviour = Answer(200, delay=0.02)
    await group.join(2)
    first, second = group.workers
    publish = await group.world.publisher(first)
    values, wanted = numbered(400)
    flow = asyncio.create_task(publish_slowly(publish, values))
    await group.hooks.wait_for(50, timeout=30)
    assert await first.stop(signal.SIGTERM) is not None
    assert "Worker stopped successfully" in first.log
    await flow
    await group.until_delivered(wanted)
    await second.until_stats(lambda got: got["in_flight"] == 0 and got["lag"] == 0)
    assert set(group.delivered()) == wanted
    assert max(group.delivered().values()) == 1


async def test_a_killed_worker_loses_none(group: Group) -> None:
    """SIGKILL: only what was in flight or not yet committed may come twice."""
    group.hooks.behaviour = Answer(200, delay=0.02)
    await group.join(2)
    first, second = group.workers
    publish = await group.world.publisher(second)
    values, wanted = numbered(400)
    flow = asyncio.create_task(publish_slowly(publish, values))
    await group.hooks.wait_for(50, timeout=30)
    first.process.kill()
    await first.ended()
    await flow
    await group.until_delivered(wanted)
    await group.settled([second])
    await second.until_stats(lambda got: got["in_flight"] == 0 and got["lag"] == 0)
    assert set(group.delivered()) == wanted
    assert max(group.delivered().values()) <= 2


async def test_a_stopped_worker_does_not_repeat_what_others_delivered_meanwhile(
    group: Group,
) -> None:
    """SIGSTOP past its session: only what it had asked already may come twice."""
    group.world.settings["NOTIFIER_WEBHOOK__CONCURRENCY"] = "2"
    group.hooks.behaviour = Answer(200, delay=1.0)
    await group.join(2)
    first, second = group.workers
    publish = await group.world.publisher(second)
    values, wanted = numbered(1000)
    for number, value in enumerate(values):
        value["kwargs"] = {"webhook_url": group.hooks.url(f"/hook/{number % 50}")}
    await asyncio.gather(*(publish(value, key=value["content"].encode()) for value in values))
    await group.hooks.wait_for(200, timeout=30)
    assert (await first.stats())["in_flight"] > 300
    first.process.send_signal(signal.SIGSTOP)
    await second.until("/health", lambda got: got.status_code == 200)  # others read meanwhile
    asked = set(group.delivered())
    await group.settled([second])
    await group.until_delivered(wanted)
    await second.until_stats(lambda got: got["in_flight"] == 0 and got["lag"] == 0)
    first.process.send_signal(signal.SIGCONT)
    await first.logged("stood still")
    await group.settled(group.workers)
    await first.until_stats(lambda got: got["in_flight"] == 0 and got["lag"] == 0)
    repeated = {text for text, count in group.delivered().items() if count > 1}
    assert len(repeated - asked) < 10  # a few were on their way


async def test_a_broker_that_comes_later_is_waited_for(
    kafka_cluster: KafkaCluster, world: World, hooks: HttpServer
) -> None:
    """Away at the start: STARTING, said in the log; then it works without anyone doing anything."""
    for node in range(3):
        await kafka_cluster.stop_broker(node)
    service = await world.service(
        {"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")}, ready=False
    )
    health = await service.until("/health", lambda answer: answer.status_code == 503)
    assert health.json()["status"] == "STARTING"
    await service.logged("waiting for Kafka")
    await kafka_cluster.start()
    await service.ready()
    publish = await world.publisher(service)
    await publish({"content": "at last", "channels": ["webhook"]})
    await service.until_stats(lambda got: got["messages_sent"] == 1)


async def test_brokers_that_go_away_show_in_health_and_lose_nothing(
    kafka_cluster: KafkaCluster, group: Group
) -> None:
    """All brokers gone: health says so; back again: deliveries go on."""
    await group.join(1)
    (service,) = group.workers
    publish = await group.world.publisher(service)
    values, wanted = numbered(20)
    await publish(*values[:10])
    await group.until_delivered({value["content"] for value in values[:10]})
    for node in range(3):
        await kafka_cluster.kill_broker(node)
    health = await service.until("/health", lambda got: got.status_code == 503, seconds=60)
    assert health.json()["problem"]
    assert (await service.client.get("/health/live")).status_code == 200
    await kafka_cluster.start()
    await service.until("/health", lambda got: got.status_code == 200, seconds=90)
    again = await group.world.publisher(service)
    await again(*values[10:])
    await group.until_delivered(wanted)


async def test_latest_misses_nothing_that_comes_after_the_start(kafka: Kafka, group: Group) -> None:
    """Polled and stopped at once: what came after the first start is delivered by the next."""
    group.world.settings["NOTIFIER_KAFKA__AUTO_OFFSET_RESET"] = "latest"
    await group.join(1)
    (first,) = group.workers
    async with Admin(Connection(kafka.bootstrap, {"bootstrap_servers": kafka.bootstrap})) as admin:
        partitions = [TopicPartition(group.world.topic, number) for number in range(4)]
        offsets = await admin.committed(group.world.group, partitions)
    assert all(found and found.offset == 0 for found in offsets.values())
    publish = await group.world.publisher(first)
    first.process.kill()
    values, wanted = numbered(10)
    await publish(*values)
    group.workers.clear()
    await group.join(1)
    await group.until_delivered(wanted)


async def publish_slowly(publish: Any, values: list[dict[str, Any]]) -> None:
    """Keep messages flowing for a few seconds."""
    for value in values:
        await publish(value, key=value["content"].encode())
        await asyncio.sleep(0.005)
