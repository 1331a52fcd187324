"""A topic, followed from its beginning as it grows.

Unlike ``LogReader``, which reads a range and closes, this one stays: the broker holds its request
until there is something new, so that following a quiet topic costs next to nothing.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Self

import msgspec
from aiokafka import TopicPartition as ClientPartition
from aiokafka.errors import OffsetOutOfRangeError, RecordTooLargeError

from app.edges.kafka.client import new_consumer
from app.edges.kafka.closing import close_consumer
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import record_of
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import Record

FETCH_WAIT_MS: Final = 1000
"""How long a broker waits for something new."""
POLL_MS: Final = 200
TIMEOUT: Final = 10.0
SILENCE: Final = 30.0
"""Seconds without an answer after which the brokers are looked for anew."""
CLOSE_TIMEOUT: Final = 2.0

Offsets = Mapping[int, int]
"""The offset of the next record, by partition."""


class News(msgspec.Struct, frozen=True):
    """What came since the last look."""

    records: tuple[Record, ...]  # in the order of their partitions
    answered: bool
    # whether there is nothing more now, wherever the topic is said to end: compaction may
    # have emptied its end
    is_all: bool = False


class TopicTail:
    """Follows one topic; alive inside an ``async with`` block.

    Every call raises ``KafkaUnavailableError`` or ``KafkaRefusedError``; then it is of no more use.

    Args:
        topic: The topic. It need not be there, and is not created.
    """

    def __init__(self, connection: Connection, topic: str) -> None:
        self._topic = topic
        self._doing = f"hand over {topic}"
        self._client = new_consumer(
            connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(TIMEOUT * 1000),
        )
        self._partitions: list[ClientPartition] = []
        self._answers: list[int | None] = []
        self._silent: set[ClientPartition] = set()
        self._answered_at = time.monotonic()
        self.positions: Offsets = {}  # how far it has been read

    async def __aenter__(self) -> Self:
        try:
            with translated(self._doing):
                async with asyncio.timeout(TIMEOUT):
                    await self._client.start()
        except BaseException:
            await close_consumer(self._client, CLOSE_TIMEOUT)
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await close_consumer(self._client, CLOSE_TIMEOUT)

    async def find(self) -> bool:
        """Go to the beginning of the topic; say whether it is there."""
        with translated(self._doing):
            async with asyncio.timeout(TIMEOUT):
                if self._topic not in await self._client.topics():
                    return False  # asking for a topic by its name might create it
                await self._find_partitions()
                starts = await self._client.beginning_offsets(self._partitions)
                self._client.assign(self._partitions)
                for partition, start in starts.items():
                    self._client.seek(partition, start)
        self.positions = {each.partition: start for each, start in starts.items()}
        self._answers, self._silent = [None] * len(self._partitions), set()
        self._answered_at = time.monotonic()
        return True

    async def _find_partitions(self) -> None:
        first = ClientPartition(self._topic, 0)
        self._client.assign([first])  # makes the client learn of the topic
        self._client.pause(first)
        self._client.seek(first, 0)  # a position of its own, or it is an error not to have one
        await self._client.beginning_offsets([first])  # waits until the client knows the topic
        numbers = self._client.partitions_for_topic(self._topic) or ()
        self._partitions = [ClientPartition(self._topic, number) for number in sorted(numbers)]

    async def ends(self) -> Offsets:
        """Return where the topic ends now."""
        self._silent = set()  # what was said before says nothing of it
        with translated(self._doing):
            async with asyncio.timeout(TIMEOUT):
                ends = await self._client.end_offsets(self._partitions)
        return {each.partition: end for each, end in ends.items()}

    async def read(self) -> News:
        """Wait a moment for what is new."""
        with translated(self._doing):
            try:
                # The second call takes what arrived just as the first gave up.
                fetched = (
                    await self._client.getmany(timeout_ms=POLL_MS) or await self._client.getmany()
                )
            except OffsetOutOfRangeError as error:
                raise KafkaUnavailableError(f"{self._topic} was recreated") from error
            except (RecordTooLargeError, UnicodeDecodeError) as error:
                raise KafkaRefusedError(
                    f"{self._topic} holds what this service did not write there: {error}"
                ) from error
            now = [self._client.last_poll_timestamp(each) for each in self._partitions]
            self.positions = {
                each.partition: await self._client.position(each) for each in self._partitions
            }
        records = tuple(record_of(each) for batch in fetched.values() for each in batch)
        return self._news(records, now)

    def _news(self, records: tuple[Record, ...], answers: list[int | None]) -> News:
        """Say what came; fail if no broker has said anything for long."""
        at = time.monotonic()
        fresh = {
            each
            for each, old, new in zip(self._partitions, self._answers, answers, strict=True)
            if old != new
        }
        self._answers = answers
        self._silent = set() if records else self._silent | fresh
        if records or fresh:
            self._answered_at = at
        elif at - self._answered_at > SILENCE:
            raise KafkaUnavailableError(
                f"no broker has said for {SILENCE:g} s what is new in {self._topic}"
            )
        is_all = self._silent == set(self._partitions)
        return News(records, bool(records or fresh), is_all)
