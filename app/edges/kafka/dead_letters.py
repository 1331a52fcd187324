"""The dead-letter topic, read from Kafka itself, newest first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from math import inf

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader, size_of
from app.edges.kafka.paging import Tail, decode_cursor, encode_cursor, newest
from app.policies.headers.records import iso_time
from app.policies.redaction import NO_SECRETS, Secrets
from app.policies.service.choosing import Tally, cause_of, matches
from app.policies.service.dead_letter_view import show
from app.policies.service.replaying import replayed_at
from app.values.dead_letter import DeadLetter, DeadLetterOverview, DeadLetterPage
from app.values.record import Record
from app.values.replay import EVERYTHING, Place, ReplayMark, Selection

LARGEST_PAGE = 1000
LOOK_SECONDS = 1.0  # for one page, but for the first read
OVERVIEW = 1000  # records looked at for what they have in common, if there are as many
MORE_THAN_WANTED = 3  # so many times a page is read at first, from all partitions together
SCAN_SPAN = 4000  # offsets read at once if everything is
_QUICK_BYTES = 32 * 1024  # larger ones are prepared for showing in a thread


class DeadLetters:
    """Reads pages, each with a consumer of its own that is in no group; one at a time.

    The newest comes first: across partitions by the records' time, within one by offset.

    Args:
        topic: The dead-letter topic; while it is not there, there are no dead letters.
        marks: Which of them were replayed.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        marks: Callable[[], Awaitable[Mapping[Place, ReplayMark]]],
        timeout: float = 5.0,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self._secrets = secrets
        self._connection = connection
        self._topic = topic
        self._marks = marks
        self._timeout = timeout
        self._one_at_a_time = asyncio.Lock()  # so that memory is bounded

    async def page(
        self, wanted: Selection = EVERYTHING, *, limit: int, cursor: str | None = None
    ) -> DeadLetterPage:
        """Return the newest dead letters older than the cursor, each of them shortened.

        Dead letters that were there at the first page are neither repeated nor left out on later
        ones, even if more are written meanwhile. A page may have fewer than ``limit`` and still a
        cursor: if they are large, or if many had to be read to find a rare one.

        Args:
            limit: How many at most, up to 1,000.
            cursor: ``next_cursor`` of the page before; None for the first.

        Raises:
            ValueError: Not a cursor of this topic.
            KafkaUnavailableError: Kafka did not answer in time.
            KafkaRefusedError: Reading the topic is not allowed.
        """
        page, _ = await self._look(wanted, limit, cursor)
        return page

    async def overview(
        self, wanted: Selection, *, group: str, limit: int, cursor: str | None = None
    ) -> DeadLetterOverview:
        """Return a page, and what the newest dead letters have in common.

        Args:
            group: The consumer group whose they are; those of others are told apart.

        Raises:
            ValueError, KafkaUnavailableError, KafkaRefusedError: As for a page.
        """
        tally = Tally(group)
        page, marks = await self._look(wanted, limit, cursor, tally)
        return DeadLetterOverview(page, tally.causes(marks, self._secrets), tally.others())

    async def _look(
        self, wanted: Selection, limit: int, cursor: str | None, tally: Tally | None = None
    ) -> tuple[DeadLetterPage, Mapping[Place, ReplayMark]]:
        stops = None if cursor is None else decode_cursor(cursor, self._topic)
        look = _Look(wanted, tally)
        limit = min(limit, LARGEST_PAGE)
        marks = await self._marks()
        with translated("hand over dead letters"):
            async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                ranges = await log.ranges()
                least = MORE_THAN_WANTED * limit if tally is None else OVERVIEW
                tails = [
                    Tail(
                        number,
                        offsets,
                        offsets.stop if stops is None else stops[number],
                        span=least // len(ranges),
                    )
                    for number, offsets in ranges.items()
                    if stops is None or number in stops
                ]
                now = asyncio.get_running_loop().time()
                deadline = now + min(self._timeout / 2, LOOK_SECONDS)
                found = await newest(log, tails, limit, look, deadline)
        rest = {tail.partition: tail.stop for tail in tails if tail.ready or tail.unread}
        page = DeadLetterPage(
            dead_letters=await self._shown(found, marks, in_list=True),
            next_cursor=encode_cursor(rest, self._topic) if rest else None,
            looked_at=look.looked_at,
            looked_back_to=None if look.oldest is None else iso_time(look.oldest),
        )
        return page, marks

    async def get(self, partition: int, offset: int) -> DeadLetter | None:
        """Return one dead letter, or None if there is none.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As for a page.
        """
        marks = await self._marks()
        with translated("hand over a dead letter"):
            async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                if offset not in (await log.ranges()).get(partition, ()):
                    return None
                stretches = await log.read({partition: range(offset, offset + 1)}, _any)
        records = stretches[partition].records
        shown = await self._shown(records[:1], marks)
        return shown[0] if shown else None

    async def scan(
        self, between: tuple[float, float] | None = None
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield every dead letter, a few at a time, each partition's oldest first.

        Args:
            between: Only those that were written then (seconds since the epoch).

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As for a page.
        """
        with translated("hand over dead letters"):
            async with self._log() as log:
                async with asyncio.timeout(self._timeout):
                    ranges = await log.ranges()
                    if between is not None and ranges and not self._connection.embedded:
                        first, last = [await log.offsets_at(ranges, each) for each in between]
                        ranges = {number: range(first[number], last[number]) for number in ranges}
                for number, offsets in ranges.items():
                    start, span = offsets.start, SCAN_SPAN
                    while start < offsets.stop:
                        wanted = range(start, min(start + span, offsets.stop))
                        async with asyncio.timeout(self._timeout):
                            stretch = (await log.read({number: wanted}, _any))[number]
                        if stretch.start > start and span > 1:
                            span //= 2  # large records: fewer at a time
                            continue
                        yield stretch.records
                        start = wanted.stop

    async def _shown(
        self,
        records: Sequence[Record],
        marks: Mapping[Place, ReplayMark],
        *,
        in_list: bool = False,
    ) -> tuple[DeadLetter, ...]:
        def view() -> tuple[DeadLetter, ...]:
            return tuple(
                show(
                    each,
                    replayed_at(each, marks),
                    self._secrets,
                    brief=in_list,
                    cause=cause_of(each),
                )
                for each in records
            )

        is_quick = sum(map(size_of, records)) <= _QUICK_BYTES
        return view() if is_quick else await asyncio.to_thread(view)

    def _log(self) -> LogReader:
        # a request gives up before the call does: aiokafka closes its connection only then
        return LogReader(self._connection, self._topic, request_timeout=self._timeout * 0.8)


class _Look:
    """What is looked for, and how far back that was."""

    def __init__(self, wanted: Selection, tally: Tally | None) -> None:
        self._wanted = wanted
        self._tally = tally
        self._back_to: dict[int, float] = {}
        self.looked_at = 0  # how many records were read

    @property
    def oldest(self) -> float | None:
        """When the oldest of them was written, in seconds since the epoch."""
        return min(self._back_to.values(), default=None)

    def back_to(self, partition: int) -> float:
        """Return when the oldest of a partition's was written; infinite if there is none."""
        return self._back_to.get(partition, inf)

    def __call__(self, record: Record) -> bool:
        """Say whether a record that was read is chosen."""
        self.looked_at += 1
        number = record.partition.partition
        self._back_to[number] = min(self._back_to.get(number, inf), record.timestamp)
        is_chosen = matches(record, self._wanted)
        if self._tally is not None:
            self._tally.add_other(record)
            if is_chosen:
                self._tally.add(record)
        return is_chosen


def _any(_: Record) -> bool:
    return True
