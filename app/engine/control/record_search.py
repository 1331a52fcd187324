"""Looks for the record of one notification on Kafka, wherever it may stand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.record_reader import reading_again
from app.engine.group.subscription import Subscription
from app.policies.books.history import LONGEST_ID, coordinates_of, is_id
from app.policies.headers.records import Origin, here, origin_of
from app.policies.parsing import glance
from app.values.errors import KafkaUnavailableError, NotifierError
from app.values.record import Record, TopicPartition

TIMEOUT: Final = 5.0
"""Seconds that looking through one topic may take."""
CLOCKS: Final = 3600.0
"""Seconds that a worker's clock may differ from the brokers'."""


class DeadLetterRecords(Protocol):
    """What is asked of the dead letters."""

    def scan(self, between: tuple[float, float] | None = None) -> AsyncIterator[Sequence[Record]]:
        """Yield every dead letter, a few at a time, or those that were written at a time."""
        ...


class RecordSearch:
    """Looks through the topics of the group.

    Every method raises ``KafkaUnavailableError`` and ``KafkaRefusedError`` as everywhere; a
    notification is asked for by its id, or by ``topic:partition:offset``.
    """

    def __init__(
        self, connection: Connection, subscription: Subscription, dead_letters: DeadLetterRecords
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._dead_letters = dead_letters

    async def deferred(self, asked: str) -> tuple[Record, float] | None:
        """Look in the retry topics; return the record written last, and its topic's delay."""
        is_it = _matches(asked, origin_of)
        found: list[tuple[Record, float]] = []
        for topic, delay in self._subscription.delays.items():
            found += [(each, delay) for each in await self._find(topic, is_it)]
        return max(found, key=lambda each: each[0].timestamp, default=None)

    async def uncommitted(self, asked: str) -> Record | None:
        """Look in what the group has not committed of the consumed topics."""
        is_it = _matches(asked, here)
        for topic in self._subscription.topics:
            found = await self._find(topic, is_it, uncommitted=True)
            if found:
                return found[-1]
        return None

    async def dead_letter(
        self, asked: str, origin: str | None, settled: float | None = None
    ) -> Record | None:
        """Look in the dead letters; return the newest.

        Args:
            origin: Where its record first stood, if that is known.
            settled: When it became one, in seconds since the epoch, if that is known.
        """
        is_it = _matches(asked, origin_of)
        found = None
        try:
            async with asyncio.timeout(TIMEOUT):
                then = None if settled is None else (settled - CLOCKS, settled + CLOCKS)
                async for records in self._dead_letters.scan(then):
                    for record in records:
                        if origin_of(record).coordinates == origin or is_it(record):
                            found = record
        except TimeoutError as error:
            if found is None:
                raise KafkaUnavailableError(
                    "there are too many dead letters to be looked through in time"
                ) from error
        return found

    async def at(self, origin: str) -> Record | None:
        """Return the record at ``topic/partition/offset`` if its topic still has it."""
        topic, partition, offset = origin.rsplit("/", 2)
        try:
            async with reading_again(self._connection, topic) as read:
                return await read(int(partition), int(offset))
        except (NotifierError, ValueError):
            return None

    async def _find(
        self, topic: str, is_it: Callable[[Record], bool], *, uncommitted: bool = False
    ) -> tuple[Record, ...]:
        """Return the records of a topic that are it, of those only that are not committed."""
        with translated(f"hand over records of {topic}"):
            async with (
                asyncio.timeout(TIMEOUT),
                LogReader(self._connection, topic, TIMEOUT * 0.8) as log,
            ):
                ranges = await log.ranges()
                if uncommitted:
                    first = await self._committed(topic, ranges)
                    ranges = {
                        number: range(max(first.get(number, 0), each.start), each.stop)
                        for number, each in ranges.items()
                    }
                unread = {number: each for number, each in ranges.items() if each}
                stretches = await log.read(unread, is_it) if unread else {}
        return tuple(record for each in stretches.values() for record in each.records)

    async def _committed(self, topic: str, numbers: Iterable[int]) -> Mapping[int, int]:
        """Return the group's commits, whoever has the partitions."""
        partitions = [TopicPartition(topic, number) for number in numbers]
        async with Admin(self._connection) as admin:
            found = await admin.committed(self._subscription.group_id, partitions)
        return {where.partition: each.offset for where, each in found.items() if each is not None}


class _Named(msgspec.Struct):
    message_id: str | None = None


def message_id_of(record: Record | None) -> str | None:
    """Return a record's ``message_id``, as its notification has it."""
    named = None if record is None else glance(record.value, _Named)
    return named.message_id or None if named else None


def _matches(asked: str, origin: Callable[[Record], Origin]) -> Callable[[Record], bool]:
    """Return what says whether a record is that notification: by its id, or where it stood."""
    place = coordinates_of(asked)
    written = asked[: LONGEST_ID - 1].encode("utf-8", "surrogatepass")

    def is_it(record: Record) -> bool:
        if origin(record).coordinates == place:
            return True
        value = record.value
        if value is None or not (written in value or b"\\" in value or b"\0" in value):
            return False  # nothing is escaped, and it is UTF-8: no need to decode it
        return is_id(message_id_of(record), asked)

    return is_it
