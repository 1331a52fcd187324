"""What the bare loops do with Kafka: tasks pull from the fetched batch, commits go batch by batch.

At least once: a batch's offsets are committed when everything in it, and in every batch before it,
was answered.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

COMMIT_INTERVAL = 1.0
FETCH_RECORDS = 500
FETCH_MS = 100


@dataclass
class Batch:
    """One fetch: the offsets after it, and how many of its records are not yet answered."""

    ends: dict[TopicPartition, int]
    left: int


class Intake:
    """Hands out the values of records one by one."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._fetching = asyncio.Lock()
        self._batches: deque[Batch] = deque()
        self._values: Iterator[tuple[bytes, Batch]] = iter(())

    async def take(self) -> tuple[bytes, Batch]:
        """The next record's value; count down ``left`` of its batch when it is answered."""
        while True:
            for taken in self._values:
                return taken
            exhausted = self._values
            async with self._fetching:
                if exhausted is self._values:
                    await self._fetch()

    async def commit_regularly(self) -> None:
        """Commit until cancelled."""
        while True:
            await asyncio.sleep(COMMIT_INTERVAL)
            await self.commit()

    async def commit(self) -> None:
        """Commit what is answered without a gap."""
        ends: dict[TopicPartition, int] = {}
        while self._batches and not self._batches[0].left:
            ends |= self._batches.popleft().ends
        if ends:
            await self._consumer.commit(ends)

    async def _fetch(self) -> None:
        fetched = await self._consumer.getmany(timeout_ms=FETCH_MS, max_records=FETCH_RECORDS)
        if not fetched:
            return
        batch = Batch(
            {partition: records[-1].offset + 1 for partition, records in fetched.items()},
            sum(map(len, fetched.values())),
        )
        self._batches.append(batch)
        self._values = iter(
            [(record.value, batch) for records in fetched.values() for record in records]
        )
