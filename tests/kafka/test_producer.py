"""What the producer does with refusals, on brokers that count what they take."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import Producer
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from tests.support.kafka_cluster import Kafka


@pytest.fixture
async def producer(kafka: Kafka) -> AsyncIterator[Producer]:
    """A producer to real Kafka."""
    connection = Connection(kafka.bootstrap, {"bootstrap_servers": kafka.bootstrap})
    made = Producer(connection)
    yield made
    await made.close()


async def values(producer: Producer, topic: str) -> list[bytes | None]:
    """Return what stands in a topic."""
    async with LogReader(producer._connection, topic, 5) as log:
        stretches = await log.read(await log.ranges(), lambda _: True)
    return [one.value for stretch in stretches.values() for one in stretch.records]


async def test_what_is_refused_takes_no_number(
    kafka: Kafka, producer: Producer, unique_name: str
) -> None:
    """The same client goes on, and the broker finds nothing out of order."""
    compacted = {"cleanup.policy": "compact", "max.message.bytes": "1000"}
    await kafka.create_topic(unique_name, partitions=1, config=compacted)
    await producer.write(unique_name, b"key", b"1")
    client = producer._client
    with pytest.raises(KafkaRefusedError, match="without key"):
        await producer.write(unique_name, None, b"2")
    with pytest.raises(RecordTooLargeError):
        await producer.write(unique_name, b"key", b"x" * 2000)
    await producer.write(unique_name, b"key", b"3")
    assert producer._client is client
    assert await values(producer, unique_name) == [b"1", b"3"]


async def test_a_record_that_is_refused_takes_no_other_with_it(
    kafka: Kafka, producer: Producer, unique_name: str
) -> None:
    """Those of its batch are written at the next try, each once."""
    await kafka.create_topic(unique_name, partitions=1, config={"cleanup.policy": "compact"})
    await producer.write(unique_name, b"key", b"first")

    async def write(number: int) -> bool:
        key = None if number % 5 == 0 else b"key"
        while True:
            try:
                await producer.write(unique_name, key, b"%d" % number)
            except KafkaRefusedError:
                return False
            except KafkaUnavailableError:
                await asyncio.sleep(0.05)
            else:
                return True

    written = await asyncio.gather(*map(write, range(50)))
    assert written == [bool(number % 5) for number in range(50)]
    expected = [b"first", *(b"%d" % number for number in range(50) if number % 5)]
    assert sorted(filter(None, await values(producer, unique_name))) == sorted(expected)
