"""Asking about a topic creates none, whichever client asks, although the broker would."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Admin
from app.edges.kafka.client import new_consumer
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.values.errors import KafkaUnavailableError
from tests.support.topic import make_topics


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """A running broker, which makes a topic for whoever lets it."""
    async with EmbeddedBroker() as broker:
        options = {"bootstrap_servers": broker.address}
        yield Connection(broker.address, options, embedded=True)


async def test_no_client_makes_a_topic_by_naming_it(connection: Connection) -> None:
    """The admin client asks, a consumer subscribes, a producer writes: it is not there."""
    consumer = new_consumer(connection, request_timeout_ms=200, group_id="group")
    consumer.subscribe(["missing"])
    producer = Producer(connection, timeout=1.0)
    async with Admin(connection) as admin:
        assert await admin.topics(["missing"]) == {}
        with pytest.raises(UnknownTopicOrPartitionError):
            await consumer.start()
        with pytest.raises(KafkaUnavailableError):
            await producer.send("missing", b"key", b"value")
        assert await admin.topics(["missing"]) == {}
        await make_topics(connection.bootstrap_servers, "missing")
        assert (await admin.topics(["missing"])).keys() == {"missing"}
    await consumer.stop()
    await producer.close()
