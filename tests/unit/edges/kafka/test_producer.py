"""The producer on a broker: what others write, it can write too."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer


@pytest.fixture
async def producer() -> AsyncIterator[Producer]:
    """A producer to a running broker."""
    async with EmbeddedBroker() as broker:
        made = Producer(Connection(broker.address, {"bootstrap_servers": broker.address}))
        yield made
        await made.close()


@pytest.mark.parametrize("key", [None, b"", b"key"])
@pytest.mark.parametrize("value", [None, b"", b"value"])
async def test_any_key_and_any_value_can_be_written(
    producer: Producer, key: bytes | None, value: bytes | None
) -> None:
    """Even neither, which aiokafka asserts that nobody writes."""
    first = await producer.write("letters", key, value, (("notifier.reason", b"not_json"),))
    second = await producer.send("letters", key, value)
    assert first[0].topic == second[0].topic == "letters"
