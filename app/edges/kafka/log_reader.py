"""A topic read by ranges of offsets, outside any consumer group.

What aiokafka 0.14 does wrong, and what this module does about it:

* ``position()`` moves past transaction markers although ``getmany`` returns nothing for them: a
  range is read once the position has left it.
* If compaction has emptied the end of a range, the position never leaves it. A fetch that finds
  nothing in any open partition is the proof: Kafka's size limits never hold back the first record.
* It goes on fetching after the range was read: the partition is paused at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import msgspec
from aiokafka import TopicPartition as ClientPartition  # its pause() takes no other tuple
from aiokafka.errors import OffsetOutOfRangeError, RecordTooLargeError

from app.edges.kafka.client import new_consumer
from app.edges.kafka.closing import close_consumer
from app.edges.kafka.connection import Connection
from app.edges.kafka.heavy_batches import MOST
from app.edges.kafka.partition_logs import PartitionLogs
from app.values.errors import KafkaRefusedError
from app.values.record import Record, TopicPartition

FETCH_BYTES = 8 * 1024 * 1024  # of one answer of one broker
PARTITION_FETCH_BYTES = 1024 * 1024
HELD_BYTES = 16 * 1024 * 1024  # of the records that one read returns
FETCH_WAIT_MS = 10  # how long a broker waits for more; the records are there already
POLL_MS = 20
AT_ONCE = 500  # records that are unpacked without a pause: others are to have their turn
CLOSE_TIMEOUT = 2.0


class Stretch(msgspec.Struct, frozen=True):
    """The records of a range of offsets."""

    # Everything from this offset to the end of the range was read. Above the start of the
    # range if there was too much to hold: then the older records have still to be read.
    start: int
    records: tuple[Record, ...]  # the wanted ones, oldest first
    scanned: int


class LogReader:
    """Reads one topic; alive inside an ``async with`` block.

    None of its calls gives up by itself: put a time-out around them. They raise aiokafka's errors,
    ``KafkaUnavailableError``, and ``KafkaRefusedError``, also for a record that aiokafka cannot
    decode.

    Args:
        topic: The topic. It need not be there, and is not created.
        fetch_bytes: Of one answer of one broker.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        request_timeout: float,
        *,
        fetch_bytes: int = FETCH_BYTES,
    ) -> None:
        self._topic = topic
        self._client = new_consumer(
            connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_max_bytes=fetch_bytes,
            max_partition_fetch_bytes=min(fetch_bytes, PARTITION_FETCH_BYTES),
            request_timeout_ms=max(int(request_timeout * 1000), 1),
        )

    async def __aenter__(self) -> Self:
        try:
            await self._client.start()
        except BaseException:
            await close_consumer(self._client, CLOSE_TIMEOUT)
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await close_consumer(self._client, CLOSE_TIMEOUT)

    async def ranges(self) -> dict[int, range]:
        """Return the offsets that are in the log now, by partition; empty without the topic."""
        logs = PartitionLogs(self._client._client)  # noqa: SLF001 - its own calls ask for every topic
        partitions = await logs.learn([self._topic])
        starts, stops = await asyncio.gather(
            logs.starts(partitions), logs.readable_ends(partitions)
        )
        return {each.partition: range(starts[each], stops[each]) for each in partitions}

    async def offsets_at(self, ranges: Mapping[int, range], seconds: float) -> dict[int, int]:
        """Return the offset of each partition's first record from a time on, or the range's end.

        Not for the embedded broker, which has no index of times.

        Args:
            seconds: Since the epoch.
        """
        stamp = max(round(seconds * 1000), 0)
        asked = {ClientPartition(self._topic, number): stamp for number in ranges}
        found = await self._client.offsets_for_times(asked)
        return {
            each.partition: ranges[each.partition].stop if first is None else int(first.offset)
            for each, first in found.items()
        }

    async def read(
        self, ranges: Mapping[int, range], wanted: Callable[[Record], bool]
    ) -> dict[int, Stretch]:
        """Read a range of each of some partitions.

        Args:
            ranges: Not empty. Offsets that are not in the log, or not any more, hold nothing.
        """
        readings = {
            ClientPartition(self._topic, number): _Reading(offsets, HELD_BYTES // len(ranges))
            for number, offsets in ranges.items()
        }
        self._client.assign(list(readings))
        for partition, reading in readings.items():
            self._client.seek(partition, reading.offsets.start)
        positions: dict[ClientPartition, int] = {}
        unread = set(readings)
        while unread:
            answered = {each: self._client.last_poll_timestamp(each) for each in unread}
            most = min(readings[each].left(positions.get(each)) for each in unread)
            batches = await self._poll(readings, min(most, AT_ONCE))
            for partition, batch in batches.items():
                readings[partition].add(batch, wanted)
            before = positions
            positions = {each: await self._client.position(each) for each in unread}
            if positions == before and all(
                self._client.last_poll_timestamp(each) != answered[each] for each in unread
            ):
                break  # every answer was empty
            for partition, position in positions.items():
                if position >= readings[partition].offsets.stop:
                    self._client.pause(partition)
                    unread.discard(partition)
        return {each.partition: reading.stretch() for each, reading in readings.items()}

    async def _poll(
        self, readings: Mapping[ClientPartition, "_Reading"], most: int
    ) -> Mapping[ClientPartition, Iterable[Any]]:
        """Take what was fetched, as much as is wanted: what was fetched beyond is not unpacked."""
        take = self._client.getmany
        try:
            # the second call takes records that arrived just as the first gave up
            batches: Mapping[ClientPartition, Iterable[Any]] = await take(
                timeout_ms=POLL_MS, max_records=most
            ) or await take(max_records=most)
        except OffsetOutOfRangeError as error:
            await self._find_again(error.args[0], readings)
            return {}
        except RecordTooLargeError as error:
            raise KafkaRefusedError(
                f"a batch of {self._topic} unpacks to more than {MOST // 1024**2} MiB"
            ) from error
        except UnicodeDecodeError as error:
            raise KafkaRefusedError(
                f"aiokafka cannot read a record of {self._topic}: a header's name is not UTF-8"
            ) from error
        return batches

    async def _find_again(
        self, lost: Mapping[ClientPartition, int], readings: Mapping[ClientPartition, "_Reading"]
    ) -> None:
        """Seek to the log's start, if it was trimmed meanwhile; beyond its end there is nothing."""
        starts = await self._client.beginning_offsets(list(lost))
        for partition, offset in lost.items():
            reading = readings.get(partition)
            if reading is None or await self._client.position(partition) != offset:
                continue  # a late answer to an earlier request
            start = starts[partition]
            self._client.seek(partition, start if start > offset else reading.offsets.stop)


class _Reading:
    """A range being read; holds the newest of the wanted records, at least one."""

    def __init__(self, offsets: range, capacity: int) -> None:
        self.offsets = offsets
        self._capacity = capacity
        self._start = offsets.start
        self._records: deque[Record] = deque()
        self._held = 0
        self._scanned = 0

    def left(self, position: int | None) -> int:
        """Return how many offsets are still to be read, at least one."""
        return max(self.offsets.stop - (self.offsets.start if position is None else position), 1)

    def add(self, batch: Iterable[Any], wanted: Callable[[Record], bool]) -> None:
        """Take fetched records."""
        for fetched in batch:
            if fetched.offset not in self.offsets:
                continue
            self._scanned += 1
            record = record_of(fetched)
            if wanted(record):
                self._records.append(record)
                self._held += size_of(record)
        while self._held > self._capacity and len(self._records) > 1:
            self._held -= size_of(self._records.popleft())
            self._start = self._records[0].offset

    def stretch(self) -> Stretch:
        """Return the records."""
        return Stretch(self._start, tuple(self._records), self._scanned)


def size_of(record: Record) -> int:
    """Return the bytes of a record's key, value and headers."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def record_of(fetched: Any) -> Record:
    """Return a record that aiokafka has handed over as this service's own value."""
    return Record(
        partition=TopicPartition(fetched.topic, fetched.partition),
        offset=fetched.offset,
        timestamp=(fetched.timestamp or 0) / 1000,  # the oldest format knows no times
        key=fetched.key,
        value=fetched.value,
        headers=tuple(fetched.headers),
    )
