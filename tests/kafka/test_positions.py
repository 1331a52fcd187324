"""What only real Kafka can show about positions: transactions, forgotten offsets, other topics."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import GroupCoordinatorNotAvailableError
from confluent_kafka import Producer as TransactionalProducer
from confluent_kafka.admin import AdminClient

from app.doctor.findings import Finding
from app.doctor.kafka import check_kafka
from app.settings.models import KafkaSettings
from tests.support.commands import run
from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer, Received
from tests.support.kafka_cluster import Kafka, KafkaCluster, until

__all__ = ["hooks", "world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


@pytest.fixture(autouse=True)
def settings(world: World, hooks: HttpServer) -> None:
    """Everything goes to one recording server, from one partition."""
    world.settings |= {
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        "NOTIFIER_KAFKA__PARTITIONS": "1",
    }


def envelopes(prefix: str, count: int) -> list[dict[str, Any]]:
    """Return what producers write, numbered."""
    names = [f"{prefix}{number}" for number in range(count)]
    return [{"message_id": name, "content": name, "channels": ["webhook"]} for name in names]


def contents(received: list[Received]) -> list[str]:
    """Return what the destination got, by text."""
    return sorted(request.json["data"]["content"] for request in received)


async def examined(world: World) -> dict[str, Finding]:
    """Return what the doctor finds, by subject."""
    kafka = KafkaSettings(
        bootstrap_servers=world.bootstrap,
        topics=(world.topic,),
        group_id=world.group,
        dead_letter_topic=world.settings["NOTIFIER_KAFKA__DEAD_LETTER_TOPIC"],
    )
    return {finding.subject: finding async for finding in check_kafka(kafka)}


async def test_lag_counts_what_an_open_transaction_hides_and_names_it(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """As Kafka's own tools have it; what holds it up is named, and goes on once that has ended."""
    service = await world.service()
    name = f"{world.topic}-orders"
    producer = TransactionalProducer(
        {"bootstrap.servers": kafka.bootstrap, "transactional.id": name, "log_level": 0}
    )
    await asyncio.to_thread(producer.init_transactions, 30)
    producer.begin_transaction()
    producer.produce(world.topic, b'{"content": "within", "channels": ["webhook"]}', partition=0)
    await asyncio.to_thread(producer.flush, 30)
    publish = await world.publisher(service)
    await publish(*envelopes("behind", 20))
    stats = await service.until_stats(lambda got: got["lag"] == 21)
    assert (stats["backlog"], stats["in_flight"], hooks.received) == (21, 0, [])
    found = await examined(world)
    assert found["lag"].text == f"{world.topic}: 21"
    assert f"{world.topic}/0: 21 records from offset 0 on wait" in found["transactions"].text
    assert f"the producer {name} " in found["transactions"].text
    health = await service.until("/health", lambda got: bool(got.json()["warnings"]), seconds=60)
    assert health.status_code == 200
    assert "a transaction that its producer has left open" in health.json()["warnings"][0]
    await asyncio.to_thread(producer.commit_transaction, 30)
    await service.until_stats(lambda got: got["messages_sent"] == 21 and got["lag"] == 0)
    await service.until("/health", lambda got: not got.json()["warnings"])


async def test_a_topic_that_was_made_anew_under_a_stopped_process_is_delivered_whole(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Its position is within the new log, too: only the topic's id tells that it means nothing."""
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*envelopes("old", 10))
    await service.until_stats(lambda got: got["messages_sent"] == 10 and got["lag"] == 0)
    service.process.send_signal(signal.SIGSTOP)
    stopped_at = asyncio.get_running_loop().time()
    async with kafka.admin() as admin:
        await admin.delete_topics([world.topic])
    await kafka.create_topic(world.topic, partitions=1)
    await (await world.publisher(service))(*envelopes("new", 30))
    await asyncio.sleep(stopped_at + 5 - asyncio.get_running_loop().time())
    service.process.send_signal(signal.SIGCONT)
    await service.until_stats(lambda got: got["messages_sent"] == 40 and got["lag"] == 0)
    assert contents(hooks.received[10:]) == sorted(f"new{number}" for number in range(30))
    stats = await service.stats()
    assert (stats["messages_missed"], stats["messages_duplicate"]) == (0, 0)
    health = (await service.client.get("/health")).json()
    assert "was deleted and recreated" in health["warnings"][0]


async def test_a_log_that_lost_its_end_is_not_sent_again(
    kafka_cluster: KafkaCluster, world: World, hooks: HttpServer
) -> None:
    """A broker lost power: the worker goes on at the new end, counts what is gone, and says so."""
    service = await world.service({"NOTIFIER_KAFKA__REPLICATION_FACTOR": "1"})
    publish = await world.publisher(service)
    old = envelopes("old", 300)
    for start in range(0, 300, 30):  # a batch each: the log is cut within one of them
        await asyncio.gather(*(publish(each) for each in old[start : start + 30]))
    await service.until_stats(lambda got: got["messages_sent"] == 300 and got["lag"] == 0)
    await kafka_cluster.cut_log(world.topic, 0, 0.05)
    stats = await service.until_stats(lambda got: got["messages_vanished"] > 0, seconds=90)
    await (await world.publisher(service))(*envelopes("new", 5))
    stats = await service.until_stats(lambda got: got["messages_sent"] == 305 and got["lag"] == 0)
    assert (stats["messages_missed"], stats["messages_duplicate"]) == (0, 0)
    assert 0 < stats["messages_vanished"] < 300
    assert contents(hooks.received[300:]) == sorted(f"new{number}" for number in range(5))
    (partition,) = (each for each in stats["partitions"] if each["topic"] == world.topic)
    assert partition["committed"] == partition["end"] == 305 - stats["messages_vanished"]
    health = (await service.client.get("/health")).json()
    assert any("Kafka lost the end of its log" in text for text in health["warnings"])


async def test_offsets_that_kafka_forgot_are_known_until_somebody_says_otherwise(
    kafka: Kafka, world: World, hooks: HttpServer, tmp_path: Path
) -> None:
    """The control topic keeps the last commits; notifier group reset forgets both, on purpose."""
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*envelopes("old", 20))
    await service.until_stats(lambda got: got["messages_sent"] == 20 and got["lag"] == 0)
    reset = ("group", "reset", "--yes")
    status, _, refusal = await run(tmp_path, world.settings, "notifier", *reset)
    assert (status, f"the group {world.group} has members" in refusal) == (1, True)
    await service.stop()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for deleted in admin.delete_consumer_groups([world.group]).values():
        await asyncio.to_thread(deleted.result, 30)
    await publish(*envelopes("new", 3))
    again = await world.service()
    await again.until_stats(lambda got: got["messages_sent"] == 3 and got["lag"] == 0)
    assert contents(hooks.received[20:]) == ["new0", "new1", "new2"]
    warning = (await again.client.get("/health")).json()["warnings"][0]
    assert "going on at the commits that the control topic kept" in warning
    await again.stop()
    status, said, _ = await run(tmp_path, world.settings, "notifier", *reset)
    assert (status, "up to 23 records are read and sent again" in said) == (0, True)
    status, said, _ = await run(tmp_path, world.settings, "notifier", *reset)
    assert (status, "Nothing is known of the group" in said) == (0, True)
    last = await world.service()
    await last.until_stats(lambda got: got["messages_sent"] == 23)


async def test_partitions_that_the_original_left_without_a_commit_begin_at_latest(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Its group, its offset of one partition, old records on the others: nothing old is sent."""
    await kafka.create_topic(world.topic, partitions=4)
    publish = await world.publisher(None)
    for value in envelopes("old", 40):
        await publish(value, key=value["content"].encode())
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=world.group, enable_auto_commit=False
    )
    async with consumer as client:
        first = TopicPartition(world.topic, 0)
        client.assign([first])
        (count,) = (await client.end_offsets([first])).values()
        await client.commit({first: count - 1})
    service = await world.service({"NOTIFIER_KAFKA__AUTO_OFFSET_RESET": "latest"})
    await service.until_stats(lambda got: got["messages_sent"] == 1 and got["lag"] == 0)
    await publish(*envelopes("new", 4))
    await service.until_stats(lambda got: got["messages_sent"] == 5 and got["lag"] == 0)
    assert contents(hooks.received[1:]) == [f"new{number}" for number in range(4)]
    await service.stop()
    async with kafka.admin() as admin:
        await admin.create_partitions({world.topic: NewPartitions(5)})
    again = await world.service({"NOTIFIER_KAFKA__AUTO_OFFSET_RESET": "latest"})
    stats = await again.until_stats(lambda got: got["lag"] == 0)
    offsets = [each["committed"] for each in stats["partitions"] if each["topic"] == world.topic]
    assert (sum(offsets), offsets[-1]) == (44, 0)


@asynccontextmanager
async def offsets_topic_that_takes(kafka: Kafka, largest: int) -> AsyncIterator[None]:
    """Let the brokers keep no larger batch of commits, in bytes, within the block."""
    own = {"cleanup.policy": "compact", "compression.type": "producer"}
    async with kafka.admin() as admin:

        async def there() -> bool:
            with suppress(GroupCoordinatorNotAvailableError):  # asking makes it
                await admin.find_coordinator("anybody")
                return True
            return False

        await until(there, "the topic for commits")

        async def configure(config: dict[str, str]) -> None:
            topic = ConfigResource(ConfigResourceType.TOPIC, "__consumer_offsets", configs=config)
            [answer] = await admin.alter_configs([topic])
            assert answer.resources[0][0] == 0

        await configure(own | {"max.message.bytes": str(largest)})
        try:
            yield
        finally:
            await configure(own)


async def test_commits_that_are_too_large_for_the_broker_go_in_parts(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Of very many partitions one commit is larger than a batch may be; Kafka 4 says "unknown"."""
    world.settings["NOTIFIER_KAFKA__PARTITIONS"] = "12"
    async with offsets_topic_that_takes(kafka, 2_000):
        service = await world.service()
        publish = await world.publisher(service)
        await publish(*envelopes("all", 20))
        await service.until_stats(lambda got: got["messages_sent"] == 20 and got["lag"] == 0)
        stats = await service.stats()
        health = (await service.client.get("/health")).json()
    assert len(stats["partitions"]) == 6 * 12
    assert health["warnings"] == []
    assert contents(hooks.received) == sorted(f"all{number}" for number in range(20))
