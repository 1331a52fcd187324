"""What every workload has: the broker, the sink, the cores, the time left, and the report."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.benchmarks.competitors import PreparedPeer
from tests.benchmarks.cores import Cores
from tests.benchmarks.kafka import BenchKafka, publish
from tests.benchmarks.messages import record
from tests.benchmarks.report import Report
from tests.benchmarks.sink_process import SinkProcess

PARTITIONS = 12
DESTINATIONS = 64
EMBEDDED_PARTITIONS = 4
# More than the first would be dropped; all have to be delivered, in quick runs soon.
EMBEDDED_RECORDS = (20_000, 5_000)


class WrongError(Exception):
    """A measurement went wrong; the message says how, its notes have details."""


@dataclass(frozen=True)
class Topic:
    """A topic of the benchmarks.

    Attributes:
        sent: How many notifications are on it, or will be; number ``n`` goes to partition
            ``n % partitions``.
        value: Makes the record of a number.
    """

    name: str
    partitions: int
    sent: int
    value: Callable[[int], bytes]

    @property
    def values(self) -> Iterator[bytes]:
        """All its records, in order."""
        return map(self.value, range(self.sent))


@dataclass
class Bench:
    """One run of the benchmarks.

    Attributes:
        quick: Whether everything is sized down.
        brief: Whether, besides, less is measured, so that all of it fits in three minutes.
        rounds: How often each measurement is made.
        peers: Those that can be run, the bare loop first.
        deadline: Monotonic seconds after which nothing is begun any more.
    """

    kafka: BenchKafka
    sink: SinkProcess
    cores: Cores
    report: Report
    folder: Path
    peers: tuple[PreparedPeer, ...]
    quick: bool
    brief: bool
    rounds: int
    deadline: float = float("inf")
    _prefix: str = field(default_factory=lambda: f"bench-{uuid4().hex[:8]}-")
    _topics: dict[tuple[str, int, int], Topic] = field(default_factory=dict)
    _names: "itertools.count[int]" = field(default_factory=itertools.count)

    def time_for(self, seconds: float) -> bool:
        """Whether something that takes so long may still be begun."""
        return time.monotonic() + seconds < self.deadline

    def size(self, full: int, quick: int) -> int:
        """One of two sizes; on the embedded broker never more than it keeps."""
        mode = 1 if self.quick else 0
        wanted = (full, quick)[mode]
        return wanted if self.kafka.real else min(wanted, EMBEDDED_RECORDS[mode])

    def new_name(self, what: str) -> str:
        """A name for a topic, a group or a folder that no other has."""
        return f"{self._prefix}{next(self._names)}-{what}"

    async def clean(self) -> None:
        """Delete this run's topics but those that were filled to be used again."""
        kept = {topic.name for topic in self._topics.values()}
        await self.kafka.remove_topics(self._prefix, but=kept)

    async def filled_topic(
        self,
        behaviour: str,
        *,
        sent: int,
        destinations: int = DESTINATIONS,
        partitions: int = PARTITIONS,
    ) -> Topic:
        """A topic with so many notifications on it, made on first use.

        Destinations follow each other in another order on every partition.

        Args:
            behaviour: How the sink treats them, such as ``instant`` or ``slow/100``.
            sent: How many, at least.
            destinations: Over how many destinations.
            partitions: On how many partitions; the embedded broker has its own number.
        """
        key = (behaviour, destinations, partitions)
        known = self._topics.get(key)
        if known is not None and known.sent >= sent:
            return known
        topic = await self.topic_for(
            behaviour, sent=sent, destinations=destinations, partitions=partitions
        )
        self.report.doing(f"writing {sent:,} records for /{behaviour}")
        await self.fill(topic)
        self._topics[key] = topic
        return topic

    async def topic_for(
        self,
        behaviour: str,
        *,
        sent: int,
        destinations: int = DESTINATIONS,
        partitions: int = PARTITIONS,
    ) -> Topic:
        """The same, new and empty."""
        value = self.spread(behaviour, range(destinations), partitions)
        return await self.new_topic(behaviour, sent=sent, partitions=partitions, value=value)

    def spread(
        self, behaviour: str, destinations: range, partitions: int = PARTITIONS
    ) -> Callable[[int], bytes]:
        """What makes the records that go to one of these destinations after the other."""
        urls = [self.sink.url(behaviour, number) for number in destinations]
        now = time.time_ns() // 1000
        return lambda number: record(number, urls[number // partitions % len(urls)], now)

    async def new_topic(
        self,
        what: str,
        *,
        sent: int,
        partitions: int = PARTITIONS,
        value: Callable[[int], bytes],
    ) -> Topic:
        """An empty topic for so many notifications."""
        name = self.new_name(what.replace("/", "-"))
        actual = partitions if self.kafka.real else EMBEDDED_PARTITIONS
        await self.kafka.make_topic(name, actual)
        return Topic(name, actual, sent, value)

    async def fill(self, topic: Topic) -> None:
        """Write all records of a topic."""
        where = self.kafka.bootstrap
        await asyncio.to_thread(publish, where, topic.name, topic.values, topic.partitions)
