"""Batches that wait to be written, and their fate if they are refused.

See ``producer_client``, whose part this is.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from aiokafka import errors as kafka
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator, MessageBatch
from aiokafka.structs import TopicPartition as Theirs

from app.edges.kafka.errors import REFUSALS, TOO_LARGE, RefusedRecordError, describe
from app.values.record import TopicPartition

REFUSED: Final = frozenset({32, 43, 76, 87})
"""Kafka's codes for what a topic does not take: a timestamp, a format, a compression, a record."""
NEVER_SENT: Final = (kafka.LeaderNotAvailableError, kafka.NotLeaderForPartitionError)
"""aiokafka's error for a batch that waited too long for a leader."""
NOT_WRITTEN: Final = (*REFUSALS, *TOO_LARGE, *NEVER_SENT, RefusedRecordError)
BATCH_BYTES: Final = 256 * 1024
"""Of records before compression. aiokafka's 16 KiB make a request of every dozen records."""
LEAST_BATCH_BYTES: Final = 16 * 1024
NO_LEADER: Final = -1
EARLIEST: Final = 1_577_836_800_000
"""Milliseconds, 2020: a broker answers -1 if the topic keeps the producer's time, and an embedded
one of another worker's answers with a second of 1970."""

Place = tuple[TopicPartition, int]
Then = Callable[[Place | Exception], None]
"""Takes a record's place, or why it was not written; called once, and must not raise."""


class Entry(NamedTuple):
    """A record that waits to be written."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    stamp: int  # milliseconds since the epoch
    then: Then  # told its place, or the error
    anywhere: bool = False  # any partition will do, whatever the key
    partition: int | None = None  # where it goes, whatever the key


class Answer(NamedTuple):
    """A broker's answer about a batch."""

    code: int = 0  # Kafka's number
    words: str | None = None
    # the faults of single records, by their place in the batch
    faults: Mapping[int, str | None] = {}


class Batch(MessageBatch):  # type: ignore[misc]  # aiokafka ships no types
    """Records for one partition."""

    def __init__(self, accumulator: "Accumulator", tp: Any, builder: Any) -> None:
        super().__init__(tp, builder, accumulator._batch_ttl, accumulator._linger_time)  # noqa: SLF001
        self._accumulator = accumulator
        self._numbered = False
        self.entries: list[Entry] = []
        self.answer = Answer()
        self.trouble: str | None = None  # why it is tried again, or None

    def set_producer_state(self, *args: Any, **numbers: Any) -> None:
        """Give it its sequence numbers, before it is sent for the first time."""
        super().set_producer_state(*args, **numbers)
        self._numbered = True

    def take(self, entry: Entry) -> bool:
        """Take one more record; say whether there was room for it."""
        added = self._builder.append(
            timestamp=entry.stamp,
            key=entry.key,
            value=entry.value,
            headers=entry.headers,
        )
        if added is None:
            return False
        self.entries.append(entry)
        return True

    async def pack(self) -> None:
        """Compress it in a thread if it is heavy: 8 MB keep the event loop for 70 ms.

        It must have its sequence numbers, and takes no more records from now on.
        """
        if self._builder.size() > BATCH_BYTES:
            await asyncio.to_thread(self._builder._build)  # noqa: SLF001 - what it is sent as

    def done(self, base_offset: int, timestamp: int | None = None, *rest: Any) -> None:
        """Report the place of each of its records."""
        super().done(base_offset, timestamp, *rest)
        entries, self.entries = self.entries, []
        if entries and timestamp is not None and timestamp > EARLIEST:
            self._accumulator.appended(timestamp)
        partition = TopicPartition(*self.tp)
        for offset, entry in enumerate(entries, base_offset):
            entry.then((partition, offset))

    def failure(self, exception: Exception) -> None:
        """Fail its records, each for its own fault as far as the broker tells.

        The records that are neither in the log nor at fault are written again.
        """
        entries, self.entries = self.entries, []
        faults: Mapping[int, str | None] = {}
        words = None
        if self.answer.code in REFUSED:
            words, faults = self.answer.words, self.answer.faults
            exception = _refusal(exception, words)
        gone = isinstance(exception, NOT_WRITTEN)
        if self._numbered and not self.future.done():
            # The first try may have been written, even if the second failed.
            if self.retry_count == 1 and gone:
                self._accumulator.give_back(self)
            else:
                self._accumulator.uncertain = True
        super().failure(exception)
        self.future.exception()  # nobody else looks at it
        if self._drain_waiter.done() and not self._drain_waiter.cancelled():
            self._drain_waiter.exception()
        self._accumulator.failed()
        parted = gone and len(entries) > 1 and not self._accumulator.ended
        if parted and isinstance(exception, TOO_LARGE):
            self._accumulator.write_smaller(self.tp, entries)
            return
        for place, entry in enumerate(entries):
            if place in faults:
                entry.then(_refusal(exception, faults[place] or words))
            elif faults and parted:
                self._accumulator.add(self.tp, entry)
            else:
                entry.then(exception)


def _refusal(exception: Exception, words: str | None) -> RefusedRecordError:
    """Name the fault and the remedy, with Kafka's own words."""
    return RefusedRecordError(describe(exception) + (f" ({words})" if words else ""))


class Accumulator(MessageAccumulator):  # type: ignore[misc]
    """Collects records into batches until they are written.

    Attributes:
        uncertain: It is not known of some batch whether it is in the log.
        appended: Called with the broker's time, in milliseconds since the epoch, when a topic with
            ``LogAppendTime`` took a batch.
        failed: Called when a batch failed, before its records are told.
    """

    uncertain = False
    appended: Callable[[int], None]
    failed: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._filling: dict[str, Theirs] = {}
        self._limits: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        """Whether it takes no more records."""
        return self._closed or self.uncertain or self._exception is not None

    def batches(self) -> Iterator[Batch]:
        """Yield every batch that is not acknowledged."""
        return chain(chain.from_iterable(self._batches.values()), self._pending_batches)

    def fail_all(self, exception: BaseException) -> None:
        """Fail everything that is not acknowledged, and take nothing more."""
        # Those that wait for another try are in line again: take them out of both.
        self._exception = exception
        self._pending_batches.update([each for each in self.batches() if each.retry_count])
        super().fail_all(exception)

    def give_back(self, batch: Batch) -> None:
        """Let the next batch for the partition have this one's sequence numbers.

        There is never another one of the partition under way at the same time.
        """
        self._txn_manager.increment_sequence_number(batch.tp, -batch.record_count)

    def add(self, partition: Theirs, entry: Entry) -> None:
        """Add a record to a partition, after those that wait for it already.

        Raises:
            KafkaError: It was closed, or failed for good.
        """
        failure: BaseException | None = self._exception
        if failure is not None:
            raise failure
        if self._closed:
            raise kafka.ProducerClosed
        waiting = self._batches.get(partition)
        if waiting and not waiting[-1].retry_count and waiting[-1].take(entry):
            return
        self._append_batch(self._builder(partition.topic), partition).take(entry)

    def filling(self, topic: str) -> Theirs:
        """Return the partition whose batch is being filled, or else any, for the next ones too.

        A topic of twelve partitions gets one request where it would get twelve.
        """
        partition = self._filling.get(topic)
        if partition is None or not self._flows(partition):
            numbers = self._cluster.available_partitions_for_topic(topic)
            numbers = numbers or self._cluster.partitions_for_topic(topic)
            partition = Theirs(topic, random.choice(tuple(numbers)))  # noqa: S311 - not a secret
            self._filling[topic] = partition
        return partition

    def _flows(self, partition: Theirs) -> bool:
        """Say whether a batch of a partition is waiting for its first turn."""
        waiting = self._batches.get(partition)
        led = self._cluster.leader_for_partition(partition) not in {None, NO_LEADER}
        return waiting is not None and waiting[0].retry_count == 0 and led

    def write_smaller(self, partition: Theirs, entries: list[Entry]) -> None:
        """Split a batch that is too large; each part may be small enough by itself."""
        topic = partition.topic
        limit = self._size(topic) // 4
        if limit >= LEAST_BATCH_BYTES:
            self._limits[topic] = limit
            for entry in entries:
                self.add(partition, entry)
            return
        for entry in entries:
            batch = self._append_batch(self._builder(topic), partition)
            batch.take(entry)
            batch._builder.close()  # noqa: SLF001 - a batch of one

    def _builder(self, topic: str) -> BatchBuilder:
        return BatchBuilder(self._size(topic), self._compression_type)

    def _size(self, topic: str) -> int:
        size: int = self._batch_size
        return self._limits.get(topic, size)

    def _append_batch(self, builder: Any, tp: Any) -> Batch:
        batch = Batch(self, tp, builder)
        self._batches[tp].append(batch)
        if not self._waiter_future.done():
            self._waiter_future.set_result(None)
        return batch
