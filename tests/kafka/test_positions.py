"""What only real Kafka can show about positions: transactions, forgotten offsets, other topics."""

import asyncio
from typing import Any

import pytest
from confluent_kafka import Producer as TransactionalProducer

from app.engine.doctor.findings import Finding
from app.engine.doctor.kafka import check_kafka
from app.settings.models import KafkaSettings
from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer, Received
from tests.support.kafka_cluster import Kafka

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
    """Return what the destination got, by text, in the order of arrival."""
    return [request.json["data"]["content"] for request in received]


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
