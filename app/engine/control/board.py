"""The control topic, followed: what the group's workers tell each other."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from app.edges.kafka.errors import translated
from app.edges.kafka.topic_tail import News, Offsets
from app.engine.clock import EngineClock
from app.policies.books.fleet import FleetBook
from app.policies.books.notices import NoticeBook
from app.policies.books.pauses import PauseBook, Pausing
from app.policies.service.replaying import read_mark
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import Record
from app.values.replay import Place, ReplayMark

log = logging.getLogger(__name__)

WAIT: Final = 1.0
"""Seconds before the topic is looked for again."""
STALE: Final = 10.0
"""Seconds without an answer after which what is shown counts as old."""
PATIENCE: Final = 5.0
"""Seconds that somebody waits for all that is known of replays."""


class Tail(Protocol):
    """See ``TopicTail``."""

    @property
    def positions(self) -> Offsets:
        """How far it has been read."""
        ...

    async def find(self) -> bool:
        """Go to the beginning of the topic; say whether it is there."""
        ...

    async def ends(self) -> Offsets:
        """Return where the topic ends now."""
        ...

    async def read(self) -> News:
        """Wait a moment for what is new."""
        ...


class _Books:
    """What stands in the control topic, by its subjects."""

    def __init__(self, group_id: str) -> None:
        self.fleet = FleetBook(group_id)
        self.pauses = PauseBook(group_id)
        self.notices = NoticeBook(group_id)
        self.marks: dict[Place, ReplayMark] = {}

    def take(self, record: Record, at: float) -> str | None:
        """Take in one record; return the id of the destination that it is about, if it is.

        Args:
            record: Of the control topic, in the order in which they stand.
            at: When it was written (monotonic seconds).
        """
        self.fleet.take(record.key, record.value, at)
        self.notices.take(record.key, record.value, at)
        if (mark := read_mark(record)) is not None:
            self.marks[mark[0]] = mark[1]
        return self.pauses.take(record.key, record.value, record.timestamp, at)


class Board:
    """Keeps what stands in the control topic, as it changes."""

    def __init__(
        self,
        group_id: str,
        clock: EngineClock,
        tail: Callable[[], AbstractAsyncContextManager[Tail]],
    ) -> None:
        self._group_id = group_id
        self._clock = clock
        self._tail = tail
        self._trouble: str | None = "the control topic has not been read yet"
        self._is_missing = False
        self._read_at = clock.monotonic()
        self._wake = asyncio.Event()
        self._asking: list[asyncio.Future[None]] = []
        self._waiting: list[tuple[Offsets, asyncio.Future[None]]] = []
        self._books = _Books(group_id)
        # called with the ids of destinations that were paused or resumed
        self.on_pauses: Callable[[frozenset[str]], None] = lambda _: None

    @property
    def fleet(self) -> FleetBook:
        """The group's workers."""
        return self._books.fleet

    @property
    def pauses(self) -> PauseBook:
        """The destinations that operators have paused."""
        return self._books.pauses

    @property
    def notices(self) -> NoticeBook:
        """What the workers tell each other for the operator's sake."""
        return self._books.notices

    @property
    def read_at(self) -> float:
        """Monotonic seconds when it was last known what is new."""
        return self._read_at

    @property
    def trouble(self) -> str | None:
        """Why what is shown may be old, or None."""
        if self._trouble is not None:
            return self._trouble
        silent = self._clock.monotonic() - self._read_at
        return f"no broker has answered for {silent:.0f} s" if silent > STALE else None

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by, or None; see ``PauseBook``."""
        return self.pauses.pause_of(identity)

    def need_not_wait(self, appended: float, paused: Collection[str], *, stood_there: bool) -> bool:
        """Say whether a deferred notification is due at once; see ``PauseBook``."""
        return self.pauses.need_not_wait(appended, paused, stood_there=stood_there)

    async def known(self) -> None:
        """Return once all that stands in the topic now is known.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: It cannot be read.
        """
        asking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking.append(asking)
        self._wake.set()
        await asking

    async def marks(self) -> Mapping[Place, ReplayMark]:
        """Return which dead letters were replayed, by their places, as it was a moment ago.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: The topic could not be read yet.
        """
        return self._books.marks if self._trouble is None else await self.all_marks()

    async def all_marks(self) -> Mapping[Place, ReplayMark]:
        """Return the same once everything that stands in the topic now is known.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: It cannot be read.
        """
        if not self._is_missing:
            with translated("hand over the marks of replays"):
                async with asyncio.timeout(PATIENCE):
                    await self.known()
        return self._books.marks

    def add_mark(self, place: Place, mark: ReplayMark) -> None:
        """Know of a replay as soon as its mark is written: whoever replays looks at once."""
        self._books.marks[place] = mark

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        said = None
        while True:
            try:
                async with self._tail() as tail:
                    while not await tail.find():
                        self._is_missing = True
                        await self._pause()
                    self._is_missing, said = False, None
                    await self._follow(tail)
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                self._trouble = str(error)
                if self._trouble != said:
                    log.info("the control topic cannot be read: %s", error)
                said = self._trouble
                self._disappoint(error)
            except Exception as error:  # whoever asks must be told, and the next one
                self._trouble = f"an internal error: {type(error).__name__}"
                log.exception("reading the control topic failed, trying again")
                self._disappoint(KafkaUnavailableError(self._trouble))
            await self._pause()

    async def _pause(self) -> None:
        """Wait a moment, or until somebody asks."""
        try:
            async with asyncio.timeout(WAIT):
                await self._wake.wait()
        except TimeoutError:
            return
        await asyncio.sleep(WAIT / 10)  # at once it would be no better
        self._wake.clear()

    def _disappoint(self, error: Exception) -> None:
        asking = [*self._asking, *(each for _, each in self._waiting)]
        self._asking, self._waiting = [], []
        for each in asking:
            if not each.done():
                each.set_exception(error)

    async def _follow(self, tail: Tail) -> None:
        """Read the topic from its beginning; what was known before counts until that is done."""
        books = _Books(self._group_id)
        ends = await tail.ends()
        while not _reached(ends, tail.positions):
            read = await tail.read()
            for record in read.records:
                # How long ago it was written the brokers say.
                age = max(self._clock.broker_now() - record.timestamp, 0.0)
                books.take(record, self._clock.monotonic() - age)
            if read.is_all:
                break
        news = books.pauses.news_since(self.pauses)
        self._books = books
        if news:
            self.on_pauses(news)
        self._trouble = None
        self._read_at = self._clock.monotonic()
        await self._watch(tail)

    async def _watch(self, tail: Tail) -> None:
        """Read what is new, and answer those who wait for it."""
        is_all = False
        while True:
            if self._asking:
                self._wake.clear()
                asked = len(self._asking)
                ends = await tail.ends()
                self._waiting += [(ends, each) for each in self._asking[:asked]]
                del self._asking[:asked]
                is_all = False
            self._tell(tail.positions, is_all=is_all)
            news = await tail.read()
            is_all = news.is_all
            if news.answered:
                self._read_at = self._clock.monotonic()
            now = self._clock.monotonic()
            told = [self._books.take(each, now) for each in news.records]
            if about := frozenset(filter(None, told)):
                self.on_pauses(about)

    def _tell(self, positions: Offsets, *, is_all: bool) -> None:
        """Answer those whose records have all been read."""
        waiting, self._waiting = self._waiting, []
        for ends, asking in waiting:
            if not is_all and not _reached(ends, positions):
                self._waiting.append((ends, asking))
            elif not asking.done():  # else it has been given up
                asking.set_result(None)


def _reached(ends: Offsets, positions: Offsets) -> bool:
    return all(positions.get(number, 0) >= end for number, end in ends.items())
