"""The marks of replayed dead letters, read from the group's control topic."""

import asyncio
from collections.abc import Mapping

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.policies.service.replaying import read_mark
from app.values.record import Record
from app.values.replay import Place, ReplayMark

CHUNK = 20_000  # offsets read at once


class ReplayMarks:
    """Knows which dead letters were replayed; reads only new marks each time.

    Args:
        connection: How to reach Kafka.
        topic: The control topic; while it is not there, nothing was replayed.
        timeout: Seconds that Kafka has to answer.
    """

    def __init__(self, connection: Connection, topic: str, timeout: float = 10.0) -> None:
        self._connection = connection
        self._topic = topic
        self._timeout = timeout
        self._marks: dict[Place, ReplayMark] = {}
        self._read_to: dict[int, int] = {}
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> Mapping[Place, ReplayMark]:
        """Return the mark of each dead letter that was replayed, by its place.

        Raises:
            KafkaUnavailableError: Kafka did not answer in time.
            KafkaRefusedError: Reading the topic is not allowed.
        """
        with translated("hand over the marks of replays"):
            async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                await self._read_new(log)
        return self._marks

    def _log(self) -> LogReader:
        return LogReader(self._connection, self._topic, request_timeout=self._timeout * 0.8)

    async def _read_new(self, log: LogReader) -> None:
        for number, offsets in (await log.ranges()).items():
            start = max(self._read_to.get(number, 0), offsets.start)
            while start < offsets.stop:
                stop = min(start + CHUNK, offsets.stop)
                stretch = (await log.read({number: range(start, stop)}, _is_mark))[number]
                for record in stretch.records:
                    if (mark := read_mark(record)) is not None:
                        self._marks[mark[0]] = mark[1]
                start = stop
            self._read_to[number] = max(start, offsets.stop)


def _is_mark(record: Record) -> bool:
    return read_mark(record) is not None
