"""A topic that is read now and then: each time only what is new."""

import asyncio
from collections.abc import Callable

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.values.record import Record

CHUNK = 20_000  # offsets read at once


class Follower:
    """Reads a topic from its beginning, and later on from where it has got to.

    Args:
        connection: How to reach Kafka.
        topic: While it is not there, there is nothing new.
        what: What is read, for errors.
        timeout: Seconds that Kafka has to answer.
    """

    def __init__(
        self, connection: Connection, topic: str, what: str, timeout: float = 10.0
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._what = what
        self._timeout = timeout
        self._read_to: dict[int, int] = {}
        self._one_at_a_time = asyncio.Lock()

    async def read(self, take: Callable[[Record], None]) -> None:
        """Hand over every new record, those of a partition in their order, and none twice.

        Args:
            take: Takes one.

        Raises:
            KafkaUnavailableError: Kafka did not answer in time.
            KafkaRefusedError: Reading the topic is not allowed.
        """
        with translated(f"hand over {self._what}"):
            async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                await self._read_new(log, take)

    def _log(self) -> LogReader:
        return LogReader(self._connection, self._topic, request_timeout=self._timeout * 0.8)

    async def _read_new(self, log: LogReader, take: Callable[[Record], None]) -> None:
        def taken(record: Record) -> bool:
            take(record)
            return False  # nothing has to be held

        for number, offsets in (await log.ranges()).items():
            start = max(self._read_to.get(number, 0), offsets.start)
            if start > offsets.stop:  # it was made anew
                start = offsets.start
            while start < offsets.stop:
                stop = min(start + CHUNK, offsets.stop)
                await log.read({number: range(start, stop)}, taken)
                self._read_to[number] = start = stop
            self._read_to[number] = start
