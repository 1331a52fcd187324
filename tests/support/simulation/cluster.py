"""What brokers keep: logs and committed offsets, in memory."""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Protocol

from app.policies.books.commit_metadata import split_topic_id
from app.values.record import Headers, Record, TopicPartition
from tests.support.simulation.clocks import EPOCH, Clocks
from tests.support.simulation.loop import now

PARTITIONS = 3
GAPS = 0.1
"""How often an offset holds no record (transaction markers and compaction leave such)."""


class Observer(Protocol):
    """Is told what happens to logs and offsets."""

    def appended(self, record: Record) -> None:
        """Take note of a record that was written just now."""

    def committing(self, partition: TopicPartition, offset: int, metadata: str) -> None:
        """Take note of a commit that is about to be taken."""


class Cluster:
    """Topics and the group's offsets.

    Args:
        chance: What happens by chance.
        clocks: Its brokers have some of them.
        observer: Is told of every write and commit.
    """

    def __init__(self, chance: Random, clocks: Clocks, observer: Observer) -> None:
        self.chance = chance
        self.clocks = clocks
        # records by partition; None is an offset that holds none
        self.logs: defaultdict[TopicPartition, list[Record | None]] = defaultdict(list)
        # what the group has committed: offset and metadata
        self.committed: dict[TopicPartition, tuple[int, str]] = {}
        # what stands in compacted topics, by key
        self.kept: defaultdict[str, dict[bytes, bytes | None]] = defaultdict(dict)
        # cleared, nothing is handed out or acknowledged until it is set
        self.there = asyncio.Event()
        self.there.set()
        self.well = False  # polls and writes do not fail by chance
        # set whenever something was written; whoever waits for news clears it
        self.news = asyncio.Event()
        # called when there is something new about the topics
        self.listeners: list[Callable[[object], None]] = []
        self._incarnations: defaultdict[str, int] = defaultdict(int)
        self._observer = observer

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        *,
        created: float | None = None,
    ) -> Record:
        """Write a record to the partition of its key; return it.

        Args:
            topic: Where to.
            key: Chooses the partition.
            value: As it is.
            headers: As they are.
            created: What a worker has stamped it with; None in a consumed topic.
        """
        partition = TopicPartition(topic, zlib.crc32(key or b"") % PARTITIONS)
        log = self.logs[partition]
        if self.chance.random() < GAPS:
            log.append(None)
        stamp = EPOCH + now() if created is None else created
        if created is not None and self.clocks.stamping:
            stamp = self.clocks.stamp(partition)
        record = Record(partition, len(log), stamp, key, value, headers)
        log.append(record)
        self._observer.appended(record)
        self.news.set()
        return record

    def topic_id(self, topic: str) -> str:
        """Return the id of a topic: another one each time it is made."""
        return f"{topic}-{self._incarnations[topic]}".replace(".", "-").ljust(22, "_")

    def cut(self, partition: TopicPartition, count: int) -> list[Record]:
        """Let a log lose its end; return the records that stood there."""
        log = self.logs[partition]
        lost = log[max(len(log) - count, 0) :]
        del log[len(log) - len(lost) :]
        return [record for record in lost if record is not None]

    def make_anew(self, topic: str, *, forget: bool) -> list[Record]:
        """Put an empty topic in the place of another; return what that one held.

        Args:
            topic: Its name.
            forget: Whether the group's offsets go with it: Kafka sees to that, though not at once.
        """
        lost = []
        for partition in self.partitions([topic]):
            lost += self.cut(partition, len(self.logs[partition]))
            if forget:
                self.committed.pop(partition, None)
        self._incarnations[topic] += 1
        for listener in self.listeners:
            listener(None)
        return lost

    def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Take a commit; one that says that it is of another topic says nothing of this one."""
        for partition, (offset, metadata) in offsets.items():
            _, topic_id = split_topic_id(metadata)
            if topic_id == self.topic_id(partition.topic):
                self._observer.committing(partition, offset, metadata)
            self.committed[partition] = offset, metadata

    def fails(self, rate: float) -> bool:
        """Say whether something fails by chance that fails at this rate."""
        return not self.well and self.chance.random() < rate

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return every partition of the topics."""
        return [TopicPartition(topic, n) for topic in sorted(topics) for n in range(PARTITIONS)]

    def unfinished(self, besides: str) -> list[str]:
        """Name the partitions, but those of one topic, of which the group has not committed all."""
        return [
            f"{partition.topic}/{partition.partition}: {committed} of {len(log)}"
            for partition, log in self.logs.items()
            if partition.topic != besides
            and (committed := self.committed.get(partition, (0, ""))[0]) < len(log)
        ]
