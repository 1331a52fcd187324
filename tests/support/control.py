"""A control topic in memory, for tests of what follows it."""

import asyncio
from typing import Self

from app.edges.kafka.topic_tail import News, Offsets
from app.engine.clock import EngineClock
from app.engine.control.board import Board
from app.policies.books.pauses import Pausing, destination_id, pausing_entry
from app.values.delivery import Destination
from app.values.record import Headers, Record, TopicPartition
from tests.support.engine import BeginsByWriting

CONTROL = TopicPartition("control", 0)


class StillBoard(Board):
    """A board on which nobody writes but the test."""

    def __init__(self, clock: EngineClock, group_id: str = "group") -> None:
        super().__init__(group_id, clock, ControlTopic)

    async def known(self) -> None:
        """Know it all already."""

    def say(
        self,
        destination: Destination,
        *,
        paused: bool,
        by: str = "alice",
        at: float | None = None,
    ) -> None:
        """Let an operator pause or resume a destination.

        Args:
            destination: The one.
            paused: Or it is resumed.
            by: Whose word it is.
            at: When its record was appended, by the brokers' clock; None is now.
        """
        identity = destination_id(destination)
        word = Pausing(paused, by, 0.0, destination.channel, destination.label)
        now, on = self._clock.broker_now(), self._clock.monotonic()
        entry = pausing_entry(self._group_id, identity, word)
        self.pauses.take(*entry, now if at is None else at, on)
        self.on_pauses(frozenset((identity,)))


class ControlTopic:
    """Stands for the topic and for every ``TopicTail`` of it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.there = True  # whether the topic is
        self.failure: Exception | None = None  # raised by everything, if set
        self.opened = 0  # how often somebody has connected
        self.looks = 0  # how often it was looked whether the topic is there
        self.hidden = 0  # records at its end that compaction has emptied
        self.now = 1_700_000_000.0
        self.positions: Offsets = {}  # how far the last tail has read
        self._written = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Connect."""
        self._fail()
        self.opened += 1
        self.positions = {0: 0}
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave."""

    def write(self, key: bytes | None, value: bytes | None) -> None:
        """Append a record."""
        self.records.append(Record(CONTROL, len(self.records), self.now, key, value, ()))
        self._written.set()

    def fail(self, failure: Exception) -> None:
        """Fail, whatever is asked."""
        self.failure = failure
        self._written.set()

    async def find(self) -> bool:
        """See ``TopicTail``."""
        self._fail()
        self.looks += 1
        return self.there

    async def ends(self) -> Offsets:
        """See ``TopicTail``."""
        self._fail()
        return {0: len(self.records) + self.hidden}

    async def read(self) -> News:
        """See ``TopicTail``: it waits until there is something, or somebody has to be told."""
        position = self.positions[0]
        if position == len(self.records) and not self.hidden:
            self._written.clear()
            try:
                async with asyncio.timeout(0.01):
                    await self._written.wait()
            except TimeoutError:
                self._fail()
                return News((), answered=True, is_all=True)
        await asyncio.sleep(0)
        self._fail()
        new = tuple(self.records[position:])
        self.positions = {0: len(self.records)}
        return News(new, answered=True, is_all=not new)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class ControlWriter(BeginsByWriting):
    """Writes to the topic in memory."""

    def __init__(self, topic: ControlTopic) -> None:
        self.topic = topic
        self.failure: Exception | None = None  # raised instead, if set
        self.asked = 0  # how often it was to write

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Write."""
        self.asked += 1
        assert (topic, headers) == (CONTROL.topic, ())
        if self.failure is not None:
            raise self.failure
        self.topic.write(key, value)
        return CONTROL, len(self.topic.records) - 1

    send = write
