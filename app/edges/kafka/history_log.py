"""The group's history, read from Kafka itself, newest first."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.policies.books import history
from app.values.history import Batch, Entry
from app.values.record import Record

SPAN: Final = 20
"""Records that are read at first for a page; each holds what was settled within a second."""
LONGEST_SPAN: Final = 1000
Place = tuple[int, int]
"""A record's offset, and an entry's place in it."""
Found = tuple[Place, str, Entry]
"""An entry, its place, and the worker that wrote it."""


class HistoryLog:
    """Reads the history topic; one reading at a time.

    Args:
        connection: How to reach Kafka.
        topic: The history topic, which has one partition; None if no history is kept.
        timeout: Seconds that Kafka has to answer a call.
    """

    def __init__(self, connection: Connection, topic: str | None, timeout: float = 10.0) -> None:
        self._connection = connection
        self._topic = topic
        self._timeout = timeout
        self._one_at_a_time = asyncio.Lock()  # so that memory is bounded

    @property
    def is_kept(self) -> bool:
        """Whether there is a history."""
        return self._topic is not None

    async def of(self, name: str) -> tuple[Sequence[Found], float | None]:
        """Return all that is known of one notification, oldest first, and how far back was looked.

        Args:
            name: Its id, or ``topic/partition/offset``.

        Returns:
            The entries; the time of the oldest record that there is, or None if there is none.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As everywhere.
        """
        may_hold = history.may_hold(name)
        oldest: list[float] = []

        def wanted(record: Record) -> bool:
            if not oldest:
                oldest.append(record.timestamp)
            return may_hold(record.headers)

        async with self._log() as (log, offsets):
            if not offsets:
                return (), None
            stretch = (await log.read({0: offsets}, wanted))[0]
        found = [
            each
            for record in stretch.records
            for each in _entries(record)
            if history.name_of(each[2]) == name
        ]
        return found, oldest[0] if oldest else None

    async def page(
        self, wanted: Callable[[Entry], bool], limit: int, before: Place | None
    ) -> tuple[Sequence[Found], Place | None]:
        """Return the newest entries older than a place, and where the next page begins.

        A page may have fewer than ``limit`` and still a next one, if much had to be read.

        Args:
            wanted: Which entries.
            limit: How many at most.
            before: Where the page before ended; None for the first.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As everywhere.
        """
        found: list[Found] = []
        async with self._log() as (log, offsets):
            stop = offsets.stop if before is None else min(before[0] + 1, offsets.stop)
            span, deadline = SPAN, asyncio.get_running_loop().time() + self._timeout / 2
            late = False
            while stop > offsets.start and not late:
                start = max(stop - span, offsets.start)
                stretch = (await log.read({0: range(start, stop)}, lambda _: True))[0]
                stop = max(stretch.start, start)
                for record in reversed(stretch.records):
                    for each in reversed(_entries(record)):
                        if before is not None and each[0] >= before:
                            continue
                        if not wanted(each[2]):
                            continue
                        if len(found) == limit:
                            return found, found[-1][0]
                        found.append(each)
                span = min(span * 4, LONGEST_SPAN)
                late = asyncio.get_running_loop().time() > deadline
            return found, (stop, 0) if stop > offsets.start else None

    @asynccontextmanager
    async def _log(self) -> AsyncIterator[tuple[LogReader, range]]:
        if self._topic is None:
            raise RuntimeError("no history is kept")
        with translated("hand over the history"):
            async with (
                asyncio.timeout(self._timeout),
                self._one_at_a_time,
                LogReader(self._connection, self._topic, self._timeout * 0.8) as log,
            ):
                yield log, (await log.ranges()).get(0, range(0))


def _entries(record: Record) -> list[Found]:
    batch: Batch | None = history.read(record.value, record.headers)
    if batch is None:
        return []
    return [
        ((record.offset, place), batch.worker, entry) for place, entry in enumerate(batch.entries)
    ]
