import itertools
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.edges.embedded_broker import EmbeddedBroker
from app.policies.service.embedded_capacity import (
    CAPACITY,
    CHUNK_SIZE,
    EmbeddedCapacity,
    record_size,
)
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition
from tests.support.topic import make_topics

FIRST = TopicPartition("notifications", 0)
SECOND = TopicPartition("notifications", 1)
ELSEWHERE = TopicPartition("elsewhere", 0)


def fill(capacity: EmbeddedCapacity, partition: TopicPartition, size: int, start: int = 0) -> int:
    """Publish records until there is no room and return the next offset."""
    for offset in itertools.count(start):
        try:
            capacity.reserve(partition.topic, [size])
        except KafkaUnavailableError:
            return offset
        capacity.published(partition, offset, size)
    raise AssertionError


def test_full_when_nothing_is_settled() -> None:
    """Without a settlement there is room for the capacity and not a byte more."""
    capacity = EmbeddedCapacity()
    assert fill(capacity, FIRST, 1000) == CAPACITY // 1000
    capacity.reserve("notifications", [CAPACITY % 1000])


def test_refusal_names_the_way_out() -> None:
    """The error tells a developer what is full and which setting names a real broker."""
    with pytest.raises(KafkaUnavailableError, match="NOTIFIER_KAFKA__BOOTSTRAP_SERVERS") as caught:
        EmbeddedCapacity().reserve("notifications", [CAPACITY + 1])
    assert "embedded broker" in str(caught.value)


def test_settling_makes_room() -> None:
    """Everything settled means the whole capacity is free again."""
    capacity = EmbeddedCapacity()
    end = fill(capacity, FIRST, 1000)
    capacity.settled(FIRST, end)
    assert fill(capacity, FIRST, 1000, end) - end == CAPACITY // 1000


def test_settling_in_part_makes_room_up_to_a_chunk() -> None:
    """Half settled gives half of the capacity back, less at most one chunk."""
    capacity = EmbeddedCapacity()
    end = fill(capacity, FIRST, 1000)
    capacity.settled(FIRST, end // 2)
    freed = (fill(capacity, FIRST, 1000, end) - end) * 1000
    assert CAPACITY / 2 - CHUNK_SIZE - 2000 <= freed <= CAPACITY / 2


def test_one_slow_record_holds_the_room() -> None:
    """While the first record is unsettled, nothing of its partition is given back."""
    capacity = EmbeddedCapacity()
    end = fill(capacity, FIRST, 1000)
    capacity.settled(FIRST, 0)
    assert fill(capacity, FIRST, 1000, end) == end


def test_the_fullest_partition_decides_for_its_topic_alone() -> None:
    """A full partition closes its topic, whose next record may land there, and no other."""
    capacity = EmbeddedCapacity()
    fill(capacity, FIRST, 1000)
    capacity.settled(SECOND, 0)
    with pytest.raises(KafkaUnavailableError):
        capacity.reserve(SECOND.topic, [1000])
    capacity.reserve(ELSEWHERE.topic, [1000])


def test_reserved_records_count_until_released() -> None:
    """What is on its way takes room, all or none, and gives it back when it was not written."""
    capacity = EmbeddedCapacity()
    half = CAPACITY // 2
    capacity.reserve("notifications", [half])
    with pytest.raises(KafkaUnavailableError):
        capacity.reserve("notifications", [1, half, 1])
    capacity.reserve("notifications", [half])
    capacity.release("notifications", [half, half])
    capacity.reserve("notifications", [half, half])


def test_acknowledgement_after_settlement_takes_no_room() -> None:
    """A record that was delivered before its producer heard of it is not booked any more."""
    capacity = EmbeddedCapacity()
    capacity.settled(FIRST, 100)
    for offset in range(100):
        capacity.reserve("notifications", [CAPACITY])
        capacity.published(FIRST, offset, CAPACITY)


def test_acknowledgements_out_of_order() -> None:
    """A chunk is held until its highest offset is settled, in whatever order they came."""
    capacity = EmbeddedCapacity()
    for offset in (1, 0):
        capacity.reserve("notifications", [100])
        capacity.published(FIRST, offset, 100)
    capacity.settled(FIRST, 1)
    with pytest.raises(KafkaUnavailableError):
        capacity.reserve("notifications", [CAPACITY - 199])
    capacity.settled(FIRST, 2)
    capacity.reserve("notifications", [CAPACITY])


def test_memory_is_bounded() -> None:
    """However small the records, a full partition is a few dozen entries."""
    capacity = EmbeddedCapacity()
    fill(capacity, FIRST, record_size(None, None))
    assert len(capacity._partitions[FIRST].chunks) <= CAPACITY / CHUNK_SIZE + 1


@pytest.mark.parametrize(
    ("key", "value", "headers", "size"),
    [
        (None, None, (), 84),
        (b"k", b"value", (), 90),
        (b"k", b"value", (("h", b"1"), ("é", b"")), 90 + 12 + 12),
    ],
)
def test_record_size(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...], size: int
) -> None:
    """Key, value, headers and every length that stands before them are counted, in bytes."""
    assert record_size(key, value, headers) == size


class Log:
    """A partition of a real embedded broker, filled as the publisher fills it."""

    def __init__(self, producer: Any, consumer: Any) -> None:
        self.capacity = EmbeddedCapacity()
        self.next_offset = 0
        self._producer = producer
        self._consumer = consumer

    async def fill(self, make_value: Callable[[], bytes], at_once: int) -> None:
        """Publish in groups, unacknowledged together, until there is no room."""
        while True:
            values = [make_value() for _ in range(at_once)]
            sizes = [record_size(b"key", value, (("h", b"data"),)) for value in values]
            try:
                self.capacity.reserve(FIRST.topic, sizes)
            except KafkaUnavailableError:
                return
            for acknowledgement, size in zip(await self._send(values), sizes, strict=True):
                self.capacity.published(FIRST, acknowledgement.offset, size)
                self.next_offset = acknowledgement.offset + 1

    async def _send(self, values: list[bytes]) -> list[Any]:
        sent = [
            await self._producer.send(
                FIRST.topic, value, key=b"key", partition=0, headers=[("h", b"data")]
            )
            for value in values
        ]
        return [await acknowledgement for acknowledgement in sent]

    async def overfill(self, size: int) -> None:
        """Publish ``size`` bytes more, unasked."""
        for _ in range(size // 1000 + 1):
            await self._send([bytes(1000)])

    async def start(self) -> int:
        """Return the offset of the oldest record that is still there."""
        return int((await self._consumer.beginning_offsets([FIRST]))[FIRST])


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """An empty partition of a running broker."""
    async with EmbeddedBroker() as broker:
        await make_topics(broker.address, FIRST.topic)
        producer = AIOKafkaProducer(
            bootstrap_servers=broker.address, acks="all", enable_idempotence=True
        )
        consumer = AIOKafkaConsumer(bootstrap_servers=broker.address)
        await producer.start()
        await consumer.start()
        await producer.partitions_for(FIRST.topic)
        try:
            yield Log(producer, consumer)
        finally:
            await consumer.stop()
            await producer.stop()


@pytest.mark.parametrize(("size", "at_once"), [(5_000, 1), (100_000, 1), (1, 200), (700, 200)])
async def test_real_broker_keeps_what_is_unsettled(log: Log, size: int, at_once: int) -> None:
    """At the refusal a real embedded broker has dropped nothing; a little later it has."""
    await log.fill(lambda: bytes(size), at_once)
    assert await log.start() == 0
    if at_once == 1:  # batches share their headers, so the broker holds more than was counted
        await log.overfill(5 * 1024 * 1024 // 20)
        assert await log.start() > 0


async def test_real_broker_keeps_what_is_unsettled_while_work_goes_on(log: Log) -> None:
    """Refilled after every partial settlement, it drops settled records and never another."""
    seeded = random.Random(5)
    lowest = 0
    for _ in range(6):
        await log.fill(lambda: bytes(seeded.choice([0, 10, 300, 5_000, 20_000])), at_once=20)
        assert await log.start() <= lowest
        lowest = seeded.randint(lowest, log.next_offset)
        log.capacity.settled(FIRST, lowest)
    assert await log.start() > 0
