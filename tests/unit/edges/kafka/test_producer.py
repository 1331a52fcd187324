"""The producer on a broker: what others write, it can write too."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import LARGEST_RECORD, Producer
from app.values.errors import RecordTooLargeError
from app.values.record import Record


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


async def written(connection: Connection, topic: str) -> list[Record]:
    """Return what stands in a topic."""
    async with LogReader(connection, topic, 5) as log:
        ranges = {number: offsets for number, offsets in (await log.ranges()).items() if offsets}
        stretches = await log.read(ranges, lambda _: True)
    return [one for stretch in stretches.values() for one in stretch.records]


async def test_what_a_fetch_may_unpack_to_can_be_written(producer: Producer) -> None:
    """Limits hold for compressed batches: it goes out as small as it came in."""
    connection = producer._connection
    value = b"[" + b'{"code": "600519", "price": 1700.0}, ' * 100_000 + b"{}]"
    small = Producer(connection, compression="zstd", now=lambda: 1_767_268_800.5)
    try:
        await small.send("aside", b"key", value, (("own", b"1"),))
    finally:
        await small.close()
    (record,) = await written(connection, "aside")
    assert (record.key, record.value, record.headers) == (b"key", value, (("own", b"1"),))
    assert record.timestamp == 1_767_268_800.5


async def test_what_no_request_can_hold_is_refused_before_it_is_sent(producer: Producer) -> None:
    """Brokers hang up on such requests, and would be asked again for ever."""
    with pytest.raises(RecordTooLargeError):
        await producer.send("letters", b"key", b"x" * (LARGEST_RECORD + 1))
    await producer.send("letters", b"key", b"x")
