"""Settlement: what leaves is acknowledged by the broker, then the offset is done."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from app.edges.kafka.producer import Producer
from app.engine.clock import EngineClock
from app.engine.inflight.item import Item
from app.engine.inflight.parked import Why, park
from app.engine.observer import Observer
from app.engine.tasks import Spawn
from app.policies.books.statistics import Verdict
from app.policies.headers.dead_letters import bare, dead_letter_headers, without_value
from app.policies.headers.deferral import SHORTEST, deferral_headers
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.outcome import Reason
from app.values.record import Headers

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0
LOOK_SECONDS = 1.0
TOO_LARGE = "too large to be put aside for later"
MANY_TARGETS = 1000
"""Targets of an item from which on what is written about them takes long to make."""
PATIENCE = 10.0
"""Seconds after which an acknowledgement is missed."""


class _TakenAwayError(Exception):
    """The partition went while the record could not be written."""


class Exits(msgspec.Struct, frozen=True):
    """Where records go that are not simply delivered.

    Attributes:
        dead_letter_topic: What cannot be delivered.
        retry_topics: What is put aside, by its delay in seconds.
        group_id: Stands on every record.
    """

    dead_letter_topic: str
    retry_topics: Mapping[float, str]
    group_id: str


class Settler:
    """Closes the books of finished items.

    Args:
        producer: Writes dead letters and deferred notifications.
        exits: Where those go.
        clock: Tells the time.
        observer: Counts verdicts, and what was written.
        spawn: Starts a named task that the worker watches.
        on_settled: Called when nothing is held of an item any more, with None for one that is put
            aside.
    """

    def __init__(
        self,
        producer: Producer,
        exits: Exits,
        clock: EngineClock,
        observer: Observer,
        *,
        spawn: Spawn,
        on_settled: Callable[[Item, Verdict | None], None],
    ) -> None:
        self._producer = producer
        self._exits = exits
        self._clock = clock
        self._observer = observer
        self._spawn = spawn
        self._on_settled = on_settled
        self._blocked: dict[str, str] = {}
        self._unacknowledged: dict[Item, tuple[str, float]] = {}
        self._refused: set[Item] = set()

    @property
    def leaving(self) -> int:
        """How many items are being written."""
        return len(self._unacknowledged)

    @property
    def blocked(self) -> str | None:
        """Why records cannot be written now, or None."""
        awaited = [each for item, each in self._unacknowledged.items() if item.assigned.active]
        topics = {topic for topic, _ in awaited}
        if told := [why for topic, why in self._blocked.items() if topic in topics]:
            return "; ".join(told)
        missed = self._clock.monotonic() - PATIENCE
        for topic, since in awaited:
            if since < missed:
                trouble = self._producer.trouble_with(topic)
                why = f" ({trouble})" if trouble else ""
                return f"{topic}: no record was acknowledged for more than {PATIENCE:g} s{why}"
            break  # the oldest comes first
        return None

    def reset(self) -> None:
        """Forget what was being written; its tasks were cancelled."""
        self._blocked.clear()
        self._unacknowledged.clear()
        self._refused.clear()

    def is_refused(self, item: Item) -> bool:
        """Say whether Kafka refuses what is being written: to wait for it may be in vain."""
        return item in self._refused

    def finish(self, item: Item) -> None:
        """Settle an item about which nothing more is done here."""
        if not item.assigned.active:
            return  # taken away; whoever has the partition now settles it
        if item.written or not (item.deferred or item.refusal or item.failures or _failed(item)):
            self._settle(item)
        elif not item.leaving:
            item.leaving = True
            self._spawn(self._leave(item), f"write {item.record.coordinates}")

    def pass_on(self, item: Item) -> None:
        """Hand on a record that only a newer version knows how to read, as it is."""
        item.foreign = True
        self.finish(item)

    async def _leave(self, item: Item) -> None:
        """Write the record; only its acknowledgement settles the offset."""
        try:
            item.written = await self._write_out(item)
        except _TakenAwayError:
            return  # whoever has the partition now writes it
        finally:
            item.leaving = False
            self._no_longer_awaits(item)
        if item.written:
            self.finish(item)
        elif item.assigned.active:
            self._park(item)

    async def _write_out(self, item: Item) -> bool:
        """Write the record to where it goes; say whether there is such a place."""
        try:
            if item.foreign:
                await self._hand_on(item)
            elif not item.deferred:
                await self._bury(item)
            elif item.too_large:
                return False
            else:
                await self._defer(item)
        except RecordTooLargeError as error:
            log.warning("%s cannot be put aside: %s", item.record.coordinates, error)
            item.too_large = True
            return False
        return True

    def _no_longer_awaits(self, item: Item) -> None:
        self._unacknowledged.pop(item, None)
        self._refused.discard(item)
        if self._blocked:
            awaited = {topic for topic, _ in self._unacknowledged.values()}
            self._blocked = {topic: why for topic, why in self._blocked.items() if topic in awaited}

    async def _hand_on(self, item: Item) -> None:
        record, topic = item.record, self._exits.retry_topics[SHORTEST]
        await self._write(item, topic, record.key, record.value, record.headers)

    def _settle(self, item: Item) -> None:
        item.assigned.settle(item)
        verdict = None if item.deferred else item.verdict()
        if verdict is not None:
            self._observer.settled(item, verdict)
        item.jobs.clear()  # they refer to it: only the cycle collector would free it, and that late
        self._on_settled(item, verdict)

    def _park(self, item: Item) -> None:
        """Leave its offset unsettled, alone, and let go of its record until it is due."""
        if item in item.assigned.strays:  # nobody can read it again
            if item.foreign:
                item.foreign, item.refusal = False, (Reason.EXHAUSTED, TOO_LARGE)
            item.give_up_rest(TOO_LARGE, self._clock.broker_now())
            self.finish(item)
            return
        before, seconds = (None, SHORTEST) if item.foreign else item.deferral()
        until = self._clock.monotonic() + seconds
        item.assigned.park(park(item, Why.TOO_LARGE, until, before))
        item.jobs.clear()  # as in _settle
        self._on_settled(item, None)

    async def _defer(self, item: Item) -> None:
        record = item.record
        deferral, seconds = await _made(item, item.deferral)
        group_id, origin = self._exits.group_id, item.origin
        write = partial(deferral_headers, record, deferral, group_id, origin)
        headers = await _made(item, write)
        topic = self._exits.retry_topics[seconds]
        await self._write(item, topic, record.key, record.value, headers)
        self._observer.deferred()

    async def _bury(self, item: Item) -> None:
        record = item.record
        note = await _made(item, partial(item.note, self._exits.group_id))
        size, headers = item.missing or item.size, dead_letter_headers(record, note)
        forms: list[tuple[bytes | None, bytes | None, Headers]] = []
        if not item.missing:
            forms.append((record.key, record.value, headers))
        if item.missing or record.value is not None:
            forms.append((record.key, None, without_value(headers, size, item.digest)))
        forms.append((None, None, bare(record, note, size, item.digest)))
        topic = self._exits.dead_letter_topic
        for form in forms:
            try:
                await self._write(item, topic, *form)
            except RecordTooLargeError as error:
                log.warning(
                    "%s: its dead letter leaves something out: %s", record.coordinates, error
                )
            else:
                self._observer.dead_lettered()
                return
        raise KafkaRefusedError(f"{topic} takes not even a dead letter without its record")

    async def _write(
        self, item: Item, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        """Write a record; try until it is acknowledged or found too large."""
        self._unacknowledged[item] = (topic, self._clock.monotonic())
        wait = FIRST_WAIT
        while True:
            try:
                await self._producer.write(topic, key, value, headers)
            except RecordTooLargeError:
                raise
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                if topic not in self._blocked:
                    log.error("%s cannot be written, trying again: %s", topic, error)  # noqa: TRY400 - the error is Kafka's, a traceback tells nothing
                self._blocked[topic] = str(error)
                if isinstance(error, KafkaRefusedError):
                    self._refused.add(item)
                else:
                    self._refused.discard(item)
            else:
                self._blocked.pop(topic, None)
                return
            await self._pause(item, wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _pause(self, item: Item, seconds: float) -> None:
        """Wait before the next try; there is none for what is taken away meanwhile."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(left, LOOK_SECONDS))
            if not item.assigned.active:
                raise _TakenAwayError


async def _made(item: Item, make: Callable[[], T]) -> T:
    """Make what is to be written about an item; beside the event loop where that is long."""
    if item.targets <= MANY_TARGETS:
        return make()
    return await asyncio.to_thread(make)


def _failed(item: Item) -> bool:
    """Say whether targets were given up before it was deferred."""
    return item.before is not None and bool(item.before.failed)
