"""What Kafka knows during a run: every record, commit, deferral and dead letter."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.policies.books.commit_metadata import Committed
from app.policies.headers.deferral import retry_topics
from app.values.errors import NotifierError
from app.values.record import TopicPartition
from tests.ledger.flow import ID_HEADER

SAMPLE_SECONDS = 0.5
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Sample:
    """The group's commits at a time: seconds since the epoch, when the answer had come."""

    at: float
    commits: Mapping[int, Committed]


@dataclass
class Observer:
    """Samples commits, and reads every topic of the run as it grows."""

    bootstrap: str
    topic: str
    group: str
    partitions: int
    dead_letter_topic: str
    retry_prefix: str
    # the offset where each notification stands first; a producer that heard no answer writes
    # it again
    first: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    # when each notification was written to a retry topic or the dead letters
    kept: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # when each that was written to a retry topic was, and the seconds it waits there
    deferred: defaultdict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # how often each became a dead letter
    dead: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    # set it if the brokers are elsewhere now: aiokafka asks only those that it knows
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: set[tuple[object, int]] = field(default_factory=set)

    @property
    def _delays(self) -> Mapping[str, float]:
        return retry_topics(self.retry_prefix)

    async def watch(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sample())
            tasks.create_task(self._follow())

    async def _sample(self) -> None:
        servers = {"bootstrap_servers": self.bootstrap}
        wanted = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        while True:
            try:
                async with Admin(Connection(self.bootstrap, servers)) as admin:
                    while True:
                        found = await admin.committed(self.group, wanted)
                        commits = {tp.partition: each for tp, each in found.items() if each}
                        self.samples.append(Sample(time.time(), commits))
                        await asyncio.sleep(SAMPLE_SECONDS)
            except (KafkaError, NotifierError, OSError):
                await asyncio.sleep(SAMPLE_SECONDS)

    async def _follow(self) -> None:
        while True:
            self.moved.clear()
            tasks = [
                asyncio.create_task(self._read_on(), name="read on"),
                asyncio.create_task(self.moved.wait(), name="wait until they move"),
            ]
            try:
                await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _read_on(self) -> None:
        consumer = AIOKafkaConsumer(
            self.topic,
            self.dead_letter_topic,
            *retry_topics(self.retry_prefix),
            bootstrap_servers=self.bootstrap,
            group_id=None,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=2_000_000,
        )
        await consumer.start()
        try:
            while True:
                for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                    for record in records:
                        if (partition, record.offset) in self._seen:
                            continue
                        self._seen.add((partition, record.offset))
                        name = (dict(record.headers).get(ID_HEADER) or b"?").decode()
                        if partition.topic == self.topic:
                            self.first.setdefault(name, record.offset)
                            continue
                        self.kept[name].append(record.timestamp / 1000)
                        if partition.topic == self.dead_letter_topic:
                            self.dead[name] += 1
                        else:
                            delay = self._delays[partition.topic]
                            self.deferred[name].append((record.timestamp / 1000, delay))
        finally:
            with suppress(TimeoutError):  # it may wait for brokers that are elsewhere now
                async with asyncio.timeout(STOP_SECONDS):
                    await consumer.stop()
