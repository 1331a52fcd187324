"""The broker of the benchmarks, and what the harness itself asks of it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from app.edges.embedded_broker import EmbeddedBroker
from app.values.record import Headers
from tests.support.kafka_cluster import Kafka, KafkaCluster, until
from tests.support.tools import MissingToolError, Tools

QUEUE_RECORDS = 200_000
FLUSH_SECONDS = 120.0
ERRORS = 3  # syslog's number: not what it retries by itself


class Written(NamedTuple):
    """A record that has headers, and perhaps a time of its own (seconds since the epoch)."""

    value: bytes
    headers: Headers
    time: float | None = None


class BenchKafka(Kafka):
    """A broker that benchmarks run on.

    Attributes:
        real: Whether it is Apache Kafka; the embedded broker keeps little, has four partitions a
            topic, and holds no group of two.
        name: What it is, for the report.
    """

    def __init__(self, bootstrap: str, *, real: bool, name: str, data: Path | None = None) -> None:
        super().__init__(bootstrap)
        self.real = real
        self.name = name
        self._data = data

    def bytes_of(self, topic: str) -> int | None:
        """Return how much a topic's records take on the broker's disk; None if it is not here."""
        if self._data is None:
            return None
        return sum(file.stat().st_size for file in self._data.glob(f"*/data/{topic}-*/*.log"))

    async def make_topic(self, topic: str, partitions: int) -> None:
        """Create a topic; on the embedded broker asking for it is enough."""
        if self.real:
            await self.create_topic(topic, partitions=partitions)
        else:
            async with self.admin() as admin:
                await admin.describe_topics([topic])

    async def remove_topics(self, prefix: str, *, but: Collection[str]) -> None:
        """Delete every topic whose name begins so, but for some; the embedded broker keeps all."""
        if not self.real:
            return
        async with self.admin() as admin:
            named = [name for name in await admin.list_topics() if name.startswith(prefix)]
            if doomed := [name for name in named if name not in but]:
                await admin.delete_topics(doomed)

    async def committed(self, group: str, topic: str, partitions: int) -> dict[int, int]:
        """The group's committed offsets by partition, those that it has."""
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        async with self.admin() as admin:
            offsets = await admin.list_consumer_group_offsets(group, partitions=asked)
        return {
            partition.partition: found.offset
            for partition, found in offsets.items()
            if found.offset >= 0
        }

    async def written(self, prefix: str) -> int:
        """Return how many records topics whose names begin so have had."""
        return await asyncio.to_thread(_written, self.bootstrap, prefix)

    async def until_members(self, group: str, members: int) -> None:
        """Wait until a group has so many members and all have their partitions.

        Raises:
            TimeoutError: It has not in time.
        """
        wanted = "Stable" if members else "Empty"

        async def joined() -> bool:
            try:
                [response] = await admin.describe_consumer_groups([group])
            except KafkaError:
                return False
            [(_, _, state, _, _, present, *_)] = response.groups
            return state == wanted and len(present) == members

        async with self.admin() as admin:
            await until(joined, f"{members} members of the group {group}")


def _written(bootstrap: str, prefix: str) -> int:
    asking = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "log_level": ERRORS})
    try:
        topics = asking.list_topics(timeout=FLUSH_SECONDS).topics
        partitions = [
            Place(name, number)
            for name, topic in topics.items()
            if name.startswith(prefix)
            for number in topic.partitions
        ]
        ends = [asking.get_watermark_offsets(each, timeout=FLUSH_SECONDS) for each in partitions]
        return sum(end for _, end in ends)
    finally:
        asking.close()


def publish(
    bootstrap: str,
    topic: str,
    values: Iterable[bytes | Written],
    partitions: int,
    settings: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """Write many records, number ``n`` to partition ``n % partitions``, and wait for all of them.

    In order and each once, so that a record's number tells its offset: ``n // partitions``.

    Args:
        bootstrap: The broker.
        topic: Where they go.
        values: The records.
        partitions: Of the topic.
        settings: Of librdkafka's producer, beyond those that are set here.

    Raises:
        RuntimeError: Some were not acknowledged.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": QUEUE_RECORDS,
            "log_level": ERRORS,
            **settings,
        }
    )
    for number, each in enumerate(values):
        value, headers, time = each if isinstance(each, Written) else Written(each, ())
        given: dict[str, Any] = {"timestamp": round(time * 1000)} if time else {}
        if headers:
            given["headers"] = list(headers)
        while True:
            try:
                producer.produce(topic, value, partition=number % partitions, **given)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    if left := producer.flush(FLUSH_SECONDS):
        raise RuntimeError(f"Kafka did not acknowledge {left} records of {topic}")


async def publish_steadily(
    bootstrap: str, topic: str, rate: float, value: Callable[[int], bytes], numbers: Iterable[int]
) -> None:
    """Write records one by one at a steady rate, each acknowledged in the background.

    Args:
        bootstrap: The broker.
        topic: Any number of partitions; the producer chooses.
        rate: Records a second.
        value: Makes the record of a number at the moment when it is sent.
        numbers: Which to send.

    Raises:
        RuntimeError: Some were not acknowledged.
    """
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all", "log_level": ERRORS}
    )
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for sent, number in enumerate(numbers):
        await asyncio.sleep(max(begin + sent / rate - loop.time(), 0))
        producer.produce(topic, value(number), key=str(number).encode())
        producer.poll(0)
    if left := await asyncio.to_thread(producer.flush, FLUSH_SECONDS):
        raise RuntimeError(f"Kafka did not acknowledge {left} records of {topic}")


@contextlib.asynccontextmanager
async def bench_kafka(folder: Path) -> AsyncIterator[BenchKafka]:
    """Apache Kafka where it can be had, else the embedded broker, in this process."""
    if external := os.environ.get("NOTIFIER_TEST_KAFKA"):
        yield BenchKafka(external, real=True, name=f"Kafka at {external}")
        return
    tools = Tools.here()
    try:
        java, jars = tools.java(), tools.kafka_jars()
    except MissingToolError as error:
        async with EmbeddedBroker() as broker:
            yield BenchKafka(broker.address, real=False, name=f"the embedded broker ({error})")
        return
    async with KafkaCluster(folder / "kafka", java=java, jars=jars, brokers=1) as cluster:
        version = jars.name.removeprefix("kafka-").rpartition("-")[0]
        name = f"Apache Kafka {version}, one broker"
        yield BenchKafka(cluster.bootstrap, real=True, name=name, data=folder / "kafka")
