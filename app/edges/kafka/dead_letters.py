"""The dead-letter topic, read from Kafka itself, newest first."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader, Stretch, size_of
from app.policies.headers.records import iso_time
from app.policies.redaction import NO_SECRETS, Secrets
from app.policies.service.choosing import Tally, cause_of, matches
from app.policies.service.dead_letter_view import show
from app.policies.service.replaying import replayed_at
from app.values.dead_letter import DeadLetter, DeadLetterOverview, DeadLetterPage
from app.values.record import Record
from app.values.replay import EVERYTHING, Place, ReplayMark, Selection

LARGEST_PAGE = 1000
PAGE_BYTES = 8 * 1024 * 1024
SCAN_LIMIT = 50_000  # records looked at for one page
LOOK_SECONDS = 1.0  # for one page, but for the first read
OVERVIEW = 1000  # records looked at for what they have in common, if there are as many
SPAN = 100  # offsets read at first
LONGEST_SPAN = 1000  # offsets read at once if little is found
SCAN_SPAN = 4000  # offsets read at once if everything is
CHECKSUM_LENGTH = 8  # bytes
_QUICK_BYTES = 32 * 1024  # larger ones are prepared for showing in a thread


class DeadLetters:
    """Reads pages, each with a consumer of its own that is in no group; one at a time.

    The newest comes first: across partitions by the records' time, within one by offset.

    Args:
        connection: How to reach Kafka.
        topic: The dead-letter topic; while it is not there, there are no dead letters.
        marks: Which of them were replayed.
        timeout: Seconds that Kafka has to answer a call.
        secrets: Secrets to hide, beyond those recognised by their form.
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
            wanted: Which ones.
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
            wanted: Which ones.
            group: The consumer group whose they are; those of others are told apart.
            limit: As for a page.
            cursor: As for a page.

        Raises:
            ValueError, KafkaUnavailableError, KafkaRefusedError: As for a page.
        """
        tally = Tally(group)
        page, marks = await self._look(wanted, limit, cursor, tally)
        return DeadLetterOverview(page, tally.causes(marks, self._secrets), tally.others())

    async def _look(
        self, wanted: Selection, limit: int, cursor: str | None, tally: Tally | None = None
    ) -> tuple[DeadLetterPage, Mapping[Place, ReplayMark]]:
        stops = None if cursor is None else _decode_cursor(cursor, self._topic)
        look = _Look(wanted, tally)
        reading_marks = asyncio.create_task(self._read_marks(), name="read marks of replays")
        try:
            with translated("hand over dead letters"):
                async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                    ranges = await log.ranges()
                    tails = [
                        _Tail(number, offsets, offsets.stop if stops is None else stops[number])
                        for number, offsets in ranges.items()
                        if stops is None or number in stops
                    ]
                    if tally is not None:
                        for tail in tails:
                            tail.look_back(OVERVIEW // len(tails))
                    now = asyncio.get_running_loop().time()
                    deadline = now + min(self._timeout / 2, LOOK_SECONDS)
                    found = await _newest(log, tails, min(limit, LARGEST_PAGE), look, deadline)
            marks = await reading_marks
        finally:
            reading_marks.cancel()
            await asyncio.gather(reading_marks, return_exceptions=True)
        rest = {tail.partition: tail.stop for tail in tails if tail.ready or tail.unread}
        page = DeadLetterPage(
            dead_letters=await self._shown(found, marks, in_list=True),
            next_cursor=_encode_cursor(rest, self._topic) if rest else None,
            looked_at=look.looked_at,
            looked_back_to=None if look.oldest is None else iso_time(look.oldest),
        )
        return page, marks

    async def _read_marks(self) -> Mapping[Place, ReplayMark]:
        return await self._marks()

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

    async def scan(self) -> AsyncIterator[Sequence[Record]]:
        """Yield every dead letter, a few at a time, each partition's oldest first.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As for a page.
        """
        with translated("hand over dead letters"):
            async with self._log() as log:
                async with asyncio.timeout(self._timeout):
                    ranges = await log.ranges()
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
    """What is looked for, and how far back that was.

    Attributes:
        looked_at: How many records were read.
        oldest: When the oldest of them was written, in seconds since the epoch.
    """

    def __init__(self, wanted: Selection, tally: Tally | None) -> None:
        self._wanted = wanted
        self._tally = tally
        self.looked_at = 0
        self.oldest: float | None = None

    def __call__(self, record: Record) -> bool:
        """Say whether a record that was read is chosen."""
        self.looked_at += 1
        self.oldest = (
            record.timestamp if self.oldest is None else min(self.oldest, record.timestamp)
        )
        is_chosen = matches(record, self._wanted)
        if self._tally is not None:
            self._tally.add_other(record)
            if is_chosen:
                self._tally.add(record)
        return is_chosen


class _Tail:
    """The newest end of a partition, as far as it was not returned yet.

    Attributes:
        ready: Records read and not returned, oldest first.
    """

    def __init__(self, partition: int, offsets: range, stop: int) -> None:
        self.partition = partition
        self.ready: list[Record] = []
        self._start = offsets.start
        self._floor = min(stop, offsets.stop)  # everything from here up was read
        self._span = SPAN

    def look_back(self, offsets: int) -> None:
        """Read so many at first, if that is more."""
        self._span = max(self._span, min(offsets, LONGEST_SPAN))

    @property
    def unread(self) -> range:
        """The cursor of the next page; empty at the start of the log."""
        return range(max(self._start, self._floor - self._span), self._floor)

    @property
    def stop(self) -> int:
        """Everything from this offset up was returned, or is not wanted."""
        return self.ready[-1].offset + 1 if self.ready else self._floor

    def take(self, stretch: Stretch) -> None:
        """Continue with the records that ``unread`` held."""
        if stretch.start > self.unread.start:
            self._span = len(stretch.records)  # large records: no more than can be held
        elif stretch.records:
            self._span = SPAN
        else:
            self._span = min(self._span * 2, LONGEST_SPAN)
        self._floor = stretch.start
        self.ready = list(stretch.records)

    def age(self) -> tuple[float, int, int]:
        """Return the key that orders the newest ready record among those of other partitions."""
        newest = self.ready[-1]
        return newest.timestamp, self.partition, newest.offset


async def _newest(
    log: LogReader,
    tails: Iterable[_Tail],
    limit: int,
    look: _Look,
    deadline: float,
) -> list[Record]:
    """Merge the tails into one list; they keep the rest.

    Every call reads something, however late: going on from page to page comes to an end.
    """
    found: list[Record] = []
    held = 0
    has_read = False
    while len(found) < limit and held < PAGE_BYTES:
        behind = {tail.partition: tail for tail in tails if tail.unread and not tail.ready}
        if behind:
            late = asyncio.get_running_loop().time() > deadline
            if has_read and (late or look.looked_at >= SCAN_LIMIT):
                break
            stretches = await log.read({n: tail.unread for n, tail in behind.items()}, look)
            has_read = True
            for number, stretch in stretches.items():
                behind[number].take(stretch)
            continue
        ready = [tail for tail in tails if tail.ready]
        if not ready:
            break
        found.append(max(ready, key=_Tail.age).ready.pop())
        held += size_of(found[-1])
    return found


def _any(_: Record) -> bool:
    return True


def _encode_cursor(stops: dict[int, int], topic: str) -> str:
    body = msgspec.msgpack.encode(stops)
    checksum = sha256(topic.encode() + b"\0" + body).digest()[:CHECKSUM_LENGTH]
    return base64.urlsafe_b64encode(checksum + body).decode().rstrip("=")


def _decode_cursor(cursor: str, topic: str) -> dict[int, int]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        stops = msgspec.msgpack.decode(raw[CHECKSUM_LENGTH:], type=dict[int, int])
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError("not a cursor of these dead letters") from error
    if cursor != _encode_cursor(stops, topic):
        raise ValueError("not a cursor of these dead letters")
    return stops
