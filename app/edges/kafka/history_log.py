"""The group's history, read from Kafka itself, newest first."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Final

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.policies.books import history
from app.policies.books.history_search import Sought
from app.values.history import Batch, Entry
from app.values.record import Record

SPAN: Final = 20
"""Records that are read at first for a page; each holds what was settled within a second."""
LONGEST_SPAN: Final = 1000
Place = tuple[int, int]
"""A record's offset, and an entry's place in it."""
Found = tuple[Place, str, Entry]
"""An entry, its place, and the worker that wrote it."""
CLOCKS: Final = 3600.0
"""Seconds that a producer's or a worker's clock may be ahead of the brokers'."""
LATEST: Final = 3600.0
"""Seconds after which what was settled stands in the topic, unless it was away for longer."""


class Traced(msgspec.Struct, frozen=True):
    """What the history has of one notification."""

    found: tuple[Found, ...] = ()  # its entries, oldest first
    # the time of the oldest record that was looked at; None if there is none
    oldest: float | None = None
    stop: int = 0  # everything up to this offset was looked through


class HistoryLog:
    """Reads the history topic; one reading at a time.

    Args:
        topic: The history topic, which has one partition; None if no history is kept.
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

    async def of(self, asked: str, before: Traced | None = None) -> Traced:
        """Return what is known of one notification, back to when it was published.

        Args:
            asked: Its id, or ``topic:partition:offset``.
            before: What was found earlier; only what was written since is read then.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        names = history.names_of(asked)
        may_hold = history.may_hold(names)
        known = Traced() if before is None else before
        oldest = inf

        def wanted(record: Record) -> bool:
            nonlocal oldest
            oldest = min(oldest, record.timestamp)
            return may_hold(record.headers)

        def chosen(records: Sequence[Record]) -> tuple[Found, ...]:
            found = itertools.chain.from_iterable(map(_entries, records))
            return tuple(each for each in found if history.name_of(each[2]) in names)

        found: tuple[Found, ...] = ()
        async with self._log() as (log, offsets):
            floor, stop, span = max(known.stop, offsets.start), offsets.stop, SPAN
            while stop > floor and (not found or oldest > found[0][2].published_at - CLOCKS):
                start = max(stop - span, floor)
                stretch = (await log.read({0: range(start, stop)}, wanted))[0]
                found = (*await asyncio.to_thread(chosen, stretch.records), *found)
                stop, span = max(stretch.start, start), min(span * 4, LONGEST_SPAN)
        if before is None and oldest < inf:
            known = Traced(oldest=oldest)
        return Traced((*known.found, *found), known.oldest, offsets.stop)

    async def page(
        self, sought: Sought, limit: int, before: Place | None
    ) -> tuple[Sequence[Found], Place | None]:
        """Return the newest entries older than a place, and where the next page begins.

        A page may have fewer than ``limit`` and still a next one, if much had to be read.

        Args:
            before: Where the page before ended; None for the first.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        may_hold = sought.at_a_glance()

        def chosen(records: Sequence[Record], most: int) -> list[Found]:
            """Read entries, newest first; thousands of them, in a thread."""
            newest = (each for record in reversed(records) for each in reversed(_entries(record)))
            older = (each for each in newest if before is None or each[0] < before)
            return list(itertools.islice((e for e in older if sought.matches(e[2])), most))

        found: list[Found] = []
        async with self._log() as (log, there):
            offsets = await self._narrowed(log, there, sought)
            stop = offsets.stop if before is None else min(before[0] + 1, offsets.stop)
            span, deadline = SPAN, asyncio.get_running_loop().time() + self._timeout / 2
            late = False
            while stop > offsets.start and not late:
                start = max(stop - span, offsets.start)
                wanted = {0: range(start, stop)}
                stretch = (await log.read(wanted, lambda record: may_hold(record.value)))[0]
                stop = max(stretch.start, start)
                found += await asyncio.to_thread(chosen, stretch.records, limit + 1 - len(found))
                if len(found) > limit:
                    return found[:limit], found[limit - 1][0]
                span = min(span * 4, LONGEST_SPAN)
                late = asyncio.get_running_loop().time() > deadline
            return found, (stop, 0) if stop > offsets.start else None

    async def _narrowed(self, log: LogReader, offsets: range, sought: Sought) -> range:
        """Return the records that may hold what was settled within the time that is looked for."""
        start, stop = offsets.start, offsets.stop
        if self._connection.embedded:
            return offsets
        if sought.since is not None:
            start = max((await log.offsets_at({0: offsets}, sought.since - CLOCKS))[0], start)
        if sought.until is not None:
            stop = min((await log.offsets_at({0: offsets}, sought.until + LATEST))[0], stop)
        return range(start, stop)

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
