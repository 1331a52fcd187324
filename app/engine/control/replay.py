"""Replays: dead letters are sent again, to this group alone, through its retry topic."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.control.board import Board
from app.engine.tasks import Spawn
from app.policies.headers.deferral import deferral_headers
from app.policies.headers.records import origin_of
from app.policies.parsing import parse
from app.policies.service.choosing import words_for
from app.policies.service.replaying import (
    Fate,
    Judge,
    as_deferral,
    identity_of,
    mark_key,
    mark_value,
    may_expire,
    place_of,
)
from app.values.errors import BusyError, NotifierError
from app.values.record import Record
from app.values.replay import Replay, ReplayMark, Selection

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Dead letters that are under way at once."""
SHOWN = 100


class Replayer:
    """Runs one replay at a time, in the background.

    Each dead letter is first written to the retry topic, then marked as replayed; both are
    acknowledged before the next ones. A replay that ends half-way has lost nothing, and the next
    one goes on where it ended.

    Args:
        retry_topic: The group's retry topic without delay.
        ours: The topics whose dead letters are replayed: no worker would take those of others.
        addresses: Templates and recipients, to see what has expired.
        now: Seconds since the epoch, by the brokers' clock.
    """

    def __init__(
        self,
        dead_letters: DeadLetters,
        board: Board,
        producer: Producer,
        *,
        retry_topic: str,
        control_topic: str,
        group_id: str,
        ours: frozenset[str],
        addresses: Addresses,
        now: Callable[[], float],
        spawn: Spawn,
    ) -> None:
        self._dead_letters = dead_letters
        self._board = board
        self._producer = producer
        self._retry_topic = retry_topic
        self._control_topic = control_topic
        self._group_id = group_id
        self._ours = ours
        self._addresses = addresses
        self._clock = now
        self._spawn = spawn
        self._now = Replay()

    @property
    def progress(self) -> Replay:
        """How far the current or the last replay has come."""
        return self._now

    async def plan(self, selection: Selection) -> Replay:
        """Return what a replay would do; nothing is written.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: The topic cannot be read.
        """
        return replace(await self._survey(selection), state="planned")

    async def start(self, selection: Selection, rate: float | None) -> Replay:
        """Begin a replay; it goes on in the background.

        Args:
            rate: The most that are sent in a second; None for no bound.

        Raises:
            BusyError: Another one is under way.
            KafkaUnavailableError, KafkaRefusedError: The topic cannot be read.
        """
        if self._now.state == "running":
            raise BusyError("a replay is under way; wait for its end")
        before, self._now = self._now, Replay(state="running")
        try:
            plan = await self._survey(selection)
        except BaseException:
            self._now = before
            raise
        self._now = replace(plan, state="running", rate=rate, started=_now())
        log.info("a replay has begun: %s; %d of them", plan.choice, plan.replayable)
        self._spawn(self._run(selection, rate), "replay of dead letters")
        return self._now

    async def _run(self, selection: Selection, rate: float | None) -> None:
        try:
            await self._send_all(selection, rate)
        except NotifierError as error:
            log.error("the replay stopped early: %s", error)  # noqa: TRY400 - Kafka's own words say it all
            self._now = replace(self._now, state="failed", error=str(error), ended=_now())
        except BaseException:
            self._now = replace(self._now, state="failed", error="it was stopped", ended=_now())
            raise
        else:
            self._now = replace(self._now, state="done", ended=_now())
            log.info("%d dead letters were replayed", self._now.replayed)

    async def _survey(self, selection: Selection) -> Replay:
        judge = await self._judge(selection)
        counts = dict.fromkeys(Fate, 0)
        ids: list[str] = []
        named = selection.places or frozenset()
        there = 0
        async for records in self._dead_letters.scan():
            for record, fate in await _judged(judge, records):
                if fate is not None:
                    counts[fate] += 1
                    there += place_of(record) in named
                if fate is Fate.REPLAYABLE and len(ids) < SHOWN:
                    ids.append("{}/{}".format(*place_of(record)))
        return Replay(
            selected=sum(counts.values()),
            replayable=counts[Fate.REPLAYABLE],
            already=counts[Fate.ALREADY],
            doubles=counts[Fate.DOUBLE],
            expired=counts[Fate.EXPIRED],
            incomplete=counts[Fate.INCOMPLETE],
            foreign=counts[Fate.FOREIGN],
            missing=len(named) - there,
            ids=tuple(ids),
            choice=words_for(selection),
        )

    async def _judge(self, selection: Selection) -> Judge:
        judge = Judge(
            selection, self._group_id, self._ours, await self._board.all_marks(), self._is_expired
        )
        if not judge.knows_replayed:  # marks of older versions say less
            async for records in self._dead_letters.scan():
                await asyncio.to_thread(_notice_all, judge, records)
        return judge

    async def _send_all(self, selection: Selection, rate: float | None) -> None:
        judge = await self._judge(selection)
        at_once = AT_ONCE if rate is None else max(min(AT_ONCE, int(rate)), 1)
        loop = asyncio.get_running_loop()
        due = loop.time()
        async for records in self._dead_letters.scan():
            fates = await _judged(judge, records)
            chosen = [record for record, fate in fates if fate is Fate.REPLAYABLE]
            for first in range(0, len(chosen), at_once):
                await asyncio.sleep(max(due - loop.time(), 0.0))
                batch = chosen[first : first + at_once]
                due = max(due, loop.time()) + (len(batch) / rate if rate else 0.0)
                await _all(self._send_again(record) for record in batch)
            await _all(self._mark(record) for record, fate in fates if fate is Fate.DOUBLE)

    async def _send_again(self, record: Record) -> None:
        """Only what Kafka has in the retry topic is marked: in doubt it is sent once more."""
        deferral, origin = as_deferral(record), origin_of(record)
        headers = deferral_headers(record, deferral, self._group_id, origin)
        await self._producer.send(self._retry_topic, record.key, record.value, headers)
        await self._mark(record)
        self._now = replace(self._now, replayed=self._now.replayed + 1)

    async def _mark(self, record: Record) -> None:
        place, mark = place_of(record), ReplayMark(_now(), identity_of(record))
        await self._producer.send(self._control_topic, mark_key(place), mark_value(mark))
        self._board.add_mark(place, mark)

    def _is_expired(self, record: Record) -> bool:
        if not may_expire(record.value or b""):
            return False
        try:
            notification = parse(
                record.value,
                timestamp=origin_of(record).timestamp,
                recipients=self._addresses.recipients,
                templates=self._addresses.templates,
                channels=self._addresses.channels,
            )
        except NotifierError:
            return False  # it may be usable where it is going to be used
        expires_at = notification.expires_at
        return expires_at is not None and expires_at <= self._clock()


async def _judged(judge: Judge, records: Sequence[Record]) -> list[tuple[Record, Fate | None]]:
    """Decide about records beside the event loop: thousands of them take long."""

    def decide() -> list[tuple[Record, Fate | None]]:
        return [(record, judge.fate(record)) for record in records]

    return await asyncio.to_thread(decide)


def _notice_all(judge: Judge, records: Sequence[Record]) -> None:
    for record in records:
        judge.notice(record)


async def _all(sendings: Iterable[Awaitable[None]]) -> None:
    """Wait for all of them, and raise the first error there was."""
    for result in await asyncio.gather(*sendings, return_exceptions=True):
        if result is not None:
            raise result


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
