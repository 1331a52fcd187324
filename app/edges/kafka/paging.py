"""Paging through a topic from its newest record back: partitions read backwards and merged."""

import asyncio
import base64
from collections.abc import Iterable
from hashlib import sha256
from math import inf
from typing import Protocol

import msgspec

from app.edges.kafka.log_reader import LogReader, Stretch, size_of
from app.values.record import Record

PAGE_BYTES = 8 * 1024 * 1024
SCAN_LIMIT = 50_000  # records looked at for one page
SPANS = range(10, 100)  # offsets of a partition that are read at once, if there are enough in them
LONGEST_SPAN = 1000  # offsets read at once if little is found
CHECKSUM_LENGTH = 8  # bytes


class Look(Protocol):
    """What is looked for."""

    @property
    def looked_at(self) -> int:
        """How many records were read."""
        ...

    def back_to(self, partition: int) -> float:
        """Return the time of the oldest record of a partition that was read; infinite if none."""
        ...

    def __call__(self, record: Record) -> bool:
        """Say whether a record that was read is chosen."""
        ...


class Tail:
    """The newest end of a partition, as far as it was not returned yet.

    Args:
        offsets: In the log now.
        stop: Everything from this offset up was returned before.
        span: How many offsets to read at first.
    """

    def __init__(self, partition: int, offsets: range, stop: int, span: int) -> None:
        self.partition = partition
        self.ready: list[Record] = []  # records read and not returned, oldest first
        self.back_to = inf  # nothing that is unread is newer than that (seconds since the epoch)
        self._start = offsets.start
        self._floor = min(stop, offsets.stop)  # everything from here up was read
        self._span = min(max(span, SPANS.start), LONGEST_SPAN)

    @property
    def unread(self) -> range:
        """The offsets to be read next; empty at the start of the log."""
        return range(max(self._start, self._floor - self._span), self._floor)

    @property
    def stop(self) -> int:
        """Everything from this offset up was returned, or is not wanted."""
        return self.ready[-1].offset + 1 if self.ready else self._floor

    def take(self, stretch: Stretch, back_to: float) -> None:
        """Continue with the records that ``unread`` held.

        Args:
            stretch: What was wanted of them.
            back_to: The time of the oldest, wanted or not.
        """
        self.back_to = back_to
        if stretch.start > self.unread.start:
            self._span = len(stretch.records)  # large records: no more than can be held
            self.back_to = stretch.records[0].timestamp
        else:
            self._span = min(self._span * 2, SPANS.stop if stretch.records else LONGEST_SPAN)
        self._floor = stretch.start
        self.ready = list(stretch.records)

    def age(self) -> tuple[float, int, int]:
        """Return the key that orders the newest ready record among those of other partitions."""
        last = self.ready[-1]
        return last.timestamp, self.partition, last.offset


async def newest(
    log: LogReader,
    tails: Iterable[Tail],
    limit: int,
    look: Look,
    deadline: float,
) -> list[Record]:
    """Return the newest chosen records of all tails, at most ``limit``; the tails keep the rest.

    Every call reads something, however late: going on from page to page comes to an end.
    """
    found: list[Record] = []
    held = 0
    has_read = False
    while len(found) < limit and held < PAGE_BYTES:
        ready = [tail for tail in tails if tail.ready]
        best = max(ready, key=Tail.age) if ready else None
        # What is chosen seldom need not be looked for beyond what is found elsewhere.
        than = -inf if best is None else best.age()[0]
        unread = [tail for tail in tails if tail.unread and not tail.ready]
        if behind := {tail.partition: tail for tail in unread if tail.back_to >= than}:
            late = asyncio.get_running_loop().time() > deadline
            if has_read and (late or look.looked_at >= SCAN_LIMIT):
                break
            stretches = await log.read({n: tail.unread for n, tail in behind.items()}, look)
            has_read = True
            for number, stretch in stretches.items():
                behind[number].take(stretch, look.back_to(number))
            continue
        if best is None:
            break
        found.append(best.ready.pop())
        held += size_of(found[-1])
    return found


def encode_cursor(stops: dict[int, int], topic: str) -> str:
    """Return where the next page goes on, as text.

    Args:
        stops: By partition, the offset from which up everything was returned.
        topic: Whose cursor it is.
    """
    body = msgspec.msgpack.encode(stops)
    checksum = sha256(topic.encode() + b"\0" + body).digest()[:CHECKSUM_LENGTH]
    return base64.urlsafe_b64encode(checksum + body).decode().rstrip("=")


def decode_cursor(cursor: str, topic: str) -> dict[int, int]:
    """Return what a cursor of this topic was made from; ``ValueError`` for any other text."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        stops = msgspec.msgpack.decode(raw[CHECKSUM_LENGTH:], type=dict[int, int])
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError("not a cursor of these dead letters") from error
    if cursor != encode_cursor(stops, topic):
        raise ValueError("not a cursor of these dead letters")
    return stops
