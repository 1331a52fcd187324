"""The dead-letter topic, read from Kafka itself, newest first."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader, Stretch, size_of
from app.policies.headers.dead_letters import read_reason
from app.policies.redaction import NO_SECRETS, Secrets
from app.policies.service.dead_letter_view import show
from app.policies.service.replaying import replayed_at
from app.values.dead_letter import DeadLetter, DeadLetterPage
from app.values.record import Record
from app.values.replay import Place, ReplayMark

LARGEST_PAGE = 1000
PAGE_BYTES = 8 * 1024 * 1024
SCAN_LIMIT = 10_000  # records looked at for one page
SPAN = 100  # offsets read at first
LONGEST_SPAN = 1000  # offsets read at once if little is found
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
        self, *, limit: int, cursor: str | None = None, reason: str | None = None
    ) -> DeadLetterPage:
        """Return the newest dead letters older than the cursor, each of them shortened.

        Dead letters that were there at the first page are neither repeated nor left out on later
        ones, even if more are written meanwhile. A page may have fewer than ``limit`` and still a
        cursor: if they are large, or if many had to be read to find a rare reason.

        Args:
            limit: How many at most, up to 1,000.
            cursor: ``next_cursor`` of the page before; None for the first.
            reason: Only those dead for this reason.

        Raises:
            ValueError: Not a cursor of this topic.
            KafkaUnavailableError: Kafka did not answer in time.
            KafkaRefusedError: Reading the topic is not allowed.
        """
        stops = None if cursor is None else _decode_cursor(cursor, self._topic)
        marks = await self._marks()
        with translated("hand over dead letters"):
            async with asyncio.timeout(self._timeout), self._one_at_a_time, self._log() as log:
                ranges = await log.ranges()
                tails = [
                    _Tail(number, offsets, offsets.stop if stops is None else stops[number])
                    for number, offsets in ranges.items()
                    if stops is None or number in stops
                ]
                deadline = asyncio.get_running_loop().time() + self._timeout / 2
                found = await _newest(
                    log, tails, min(limit, LARGEST_PAGE), _wanted(reason), deadline
                )
        rest = {tail.partition: tail.stop for tail in tails if tail.ready or tail.unread}
        return DeadLetterPage(
            dead_letters=await self._shown(found, marks, in_list=True),
            next_cursor=_encode_cursor(rest, self._topic) if rest else None,
        )

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
                stretches = await log.read({partition: range(offset, offset + 1)}, _wanted(None))
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
                    start, span = offsets.start, LONGEST_SPAN
                    while start < offsets.stop:
                        wanted = range(start, min(start + span, offsets.stop))
                        async with asyncio.timeout(self._timeout):
                            stretch = (await log.read({number: wanted}, _wanted(None)))[number]
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
                show(each, replayed_at(each, marks), self._secrets, brief=in_list)
                for each in records
            )

        is_quick = sum(map(size_of, records)) <= _QUICK_BYTES
        return view() if is_quick else await asyncio.to_thread(view)

    def _log(self) -> LogReader:
        # a request gives up before the call does: aiokafka closes its connection only then
        return LogReader(self._connection, self._topic, request_timeout=self._timeout * 0.8)


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
    wanted: Callable[[Record], bool],
    deadline: float,
) -> list[Record]:
    """Merge the tails into one list; they keep the rest.

    Every call reads something, however late: going on from page to page comes to an end.
    """
    found: list[Record] = []
    held = scanned = 0
    has_read = False
    while len(found) < limit and held < PAGE_BYTES:
        behind = {tail.partition: tail for tail in tails if tail.unread and not tail.ready}
        if behind:
            late = asyncio.get_running_loop().time() > deadline
            if has_read and (late or scanned >= SCAN_LIMIT):
                break
            stretches = await log.read({n: tail.unread for n, tail in behind.items()}, wanted)
            has_read = True
            for number, stretch in stretches.items():
                scanned += stretch.scanned
                behind[number].take(stretch)
            continue
        ready = [tail for tail in tails if tail.ready]
        if not ready:
            break
        found.append(max(ready, key=_Tail.age).ready.pop())
        held += size_of(found[-1])
    return found


def _wanted(reason: str | None) -> Callable[[Record], bool]:
    if reason is None:
        return lambda _: True
    return lambda record: read_reason(dict(record.headers)) == reason


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
