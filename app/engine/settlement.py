"""Settlement: what leaves is acknowledged by the broker, then the offset is done."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import assert_never

import msgspec

from app.edges.kafka.producer import Producer
from app.engine.clock import EngineClock
from app.engine.inflight import transitions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.leaving import DeadLetter, Defer, Exit, HandOn, exit_of
from app.engine.observer import Observer
from app.engine.reading import HEAVY
from app.engine.tasks import Spawn
from app.engine.turn import Turn
from app.policies.headers.dead_letters import (
    DeadLetterNote,
    bare,
    dead_letter_headers,
    without_value,
)
from app.policies.headers.deferral import SHORTEST, deferral_headers
from app.policies.headers.trace_context import carrying
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.record import Headers, Record

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0
LOOK_SECONDS = 1.0
TOO_LARGE = "too large to be put aside for later"
MANY_TARGETS = 100
"""Targets of an item from which on what is written about them is made in a thread: many items may
leave in one turn."""
PATIENCE = 10.0
"""Seconds after which an acknowledgement is missed."""


Form = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record that is written."""


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


class _Leaving(msgspec.Struct, eq=False):
    """An item that is being written to where it goes.

    Attributes:
        exit: How it leaves.
        topic: Where that is.
        forms: Of the record, the one that is tried first; the next ones leave more out.
        since: Monotonic seconds when it was begun.
        wait: Seconds before the next try, after one that failed.
        refused: Kafka said no: to wait for it may be in vain.
    """

    item: Item
    exit: Exit
    topic: str
    forms: list[Form]
    since: float
    wait: float = FIRST_WAIT
    refused: bool = False


class Settler:
    """Writes what leaves to where it goes on, until that is acknowledged.

    Args:
        producer: Writes dead letters and deferred notifications.
        exits: Where those go.
        clock: Tells the time.
        observer: Counts verdicts, and what was written.
        assignment: The partitions this worker has.
        spawn: Starts a named task that the worker watches.
        turn: Goes on with what is written, or finds no topic that takes it.
    """

    def __init__(
        self,
        producer: Producer,
        exits: Exits,
        clock: EngineClock,
        observer: Observer,
        assignment: Assignment,
        *,
        spawn: Spawn,
        turn: Turn,
    ) -> None:
        self._producer = producer
        self._exits = exits
        self._clock = clock
        self._observer = observer
        self._assignment = assignment
        self._spawn = spawn
        self._turn = turn
        self._blocked: dict[str, str] = {}
        self._leaving: dict[Item, _Leaving] = {}
        self._answers: list[tuple[_Leaving, object]] = []

    @property
    def leaving(self) -> int:
        """How many items are being written."""
        return len(self._leaving)

    @property
    def blocked(self) -> str | None:
        """Why records cannot be written now, or None."""
        awaited = [each for each in self._leaving.values() if self._assignment.of(each.item)]
        topics = {each.topic for each in awaited}
        if told := [why for topic, why in self._blocked.items() if topic in topics]:
            return "; ".join(told)
        missed = self._clock.monotonic() - PATIENCE
        if awaited and awaited[0].since < missed:  # the oldest comes first
            topic = awaited[0].topic
            trouble = self._producer.trouble_with(topic)
            why = f" ({trouble})" if trouble else ""
            return f"{topic}: no record was acknowledged for more than {PATIENCE:g} s{why}"
        return None

    def reset(self) -> None:
        """Forget what was being written: what becomes of it is of no interest any more."""
        self._blocked.clear()
        self._leaving.clear()
        self._answers.clear()

    def is_writing(self, item: Item) -> bool:
        """Say whether an item is being written."""
        return item in self._leaving

    def is_refused(self, item: Item) -> bool:
        """Say whether Kafka refuses what is being written: to wait for it may be in vain."""
        leaving = self._leaving.get(item)
        return leaving is not None and leaving.refused

    def write(self, item: Item) -> None:
        """Write what leaves; only its acknowledgement settles the offset."""
        if item.targets > MANY_TARGETS or item.size > HEAVY:  # an address may be as long as that
            self._spawn(self._leave_slowly(item), f"write {item.record.coordinates}")
        else:
            self._leave(self._prepared(item))

    async def _leave_slowly(self, item: Item) -> None:
        """Make what is to be written beside the event loop, because that takes long."""
        self._leave(await asyncio.to_thread(self._prepared, item))

    def _prepared(self, item: Item) -> _Leaving:
        """Return what is to be written of an item, and to which topic."""
        exits, leaves = self._exits, exit_of(item, self._exits.group_id)
        record = item.record
        if item.span is not None and not isinstance(leaves, HandOn):
            record = carrying(record, item.span.context)
        match leaves:
            case HandOn():
                topic = exits.retry_topics[SHORTEST]
                forms: list[Form] = [(record.key, record.value, record.headers)]
            case Defer(deferral, seconds):
                topic = exits.retry_topics[seconds]
                headers = deferral_headers(record, deferral, exits.group_id, item.origin)
                forms = [(record.key, record.value, headers)]
            case DeadLetter(note):
                topic = exits.dead_letter_topic
                forms = _dead_letters(item, record, note)
            case _:
                assert_never(leaves)
        return _Leaving(item, leaves, topic, forms, self._clock.monotonic())

    def _leave(self, leaving: _Leaving) -> None:
        """Begin to write a record."""
        self._leaving[leaving.item] = leaving
        self._write(leaving)

    def _write(self, leaving: _Leaving) -> None:
        # Others may read dead letters by key; retry topics are this group's alone.
        anywhere = not isinstance(leaving.exit, DeadLetter)
        answered = partial(self._answered, leaving)
        self._producer.begin(leaving.topic, *leaving.forms[0], answered, anywhere=anywhere)

    def _answered(self, leaving: _Leaving, answer: object) -> None:
        """Take note of what the producer says; all that it says at once is settled together."""
        self._answers.append((leaving, answer))
        if len(self._answers) == 1:
            self._spawn(self._take_answers(), "settle what was written")

    async def _take_answers(self) -> None:
        answers, self._answers = self._answers, []
        for leaving, answer in answers:
            if self._leaving.get(leaving.item) is leaving:  # else it was of an earlier session
                self._take(leaving, answer)

    def _take(self, leaving: _Leaving, answer: object) -> None:
        match answer:
            case RecordTooLargeError():
                self._take_too_large(leaving, answer)
            case KafkaUnavailableError() | KafkaRefusedError():
                self._take_failure(leaving, answer)
            case _:
                self._blocked.pop(leaving.topic, None)
                match leaving.exit:
                    case DeadLetter():
                        self._observer.dead_lettered(leaving.item)
                    case Defer():
                        self._observer.deferred(leaving.item)
                    case HandOn():
                        pass  # it was counted by whoever deferred it
                transitions.written(leaving.item)
                self._left(leaving)

    def _take_too_large(self, leaving: _Leaving, error: RecordTooLargeError) -> None:
        item, name = leaving.item, leaving.item.name
        if not isinstance(leaving.exit, DeadLetter):
            log.warning("%s cannot be put aside: %s", name, error)
            transitions.is_too_large(item)
            self._left(leaving)
        elif len(leaving.forms) > 1:
            log.warning("%s: its dead letter leaves something out: %s", name, error)
            del leaving.forms[0]
            self._write(leaving)
        else:
            refusal = f"{leaving.topic} takes not even a dead letter without its record: {error}"
            self._take_failure(leaving, KafkaRefusedError(refusal))

    def _take_failure(
        self, leaving: _Leaving, error: KafkaUnavailableError | KafkaRefusedError
    ) -> None:
        """Try again after a while."""
        if leaving.topic not in self._blocked:
            log.error("%s cannot be written, trying again: %s", leaving.topic, error)
        self._blocked[leaving.topic] = str(error)
        leaving.refused = isinstance(error, KafkaRefusedError)
        until = self._clock.monotonic() + leaving.wait
        leaving.wait = min(leaving.wait * 2, LONGEST_WAIT)
        self._pause(leaving, until)

    def _pause(self, leaving: _Leaving, until: float) -> None:
        """Wait before the next try; there is none for what is taken away meanwhile."""
        left = until - self._clock.monotonic()
        loop = asyncio.get_running_loop()
        loop.call_later(min(left, LOOK_SECONDS), self._again, leaving, until)

    def _again(self, leaving: _Leaving, until: float) -> None:
        if self._leaving.get(leaving.item) is not leaving:
            return
        if self._assignment.of(leaving.item) is None:
            self._left(leaving)  # whoever has the partition now writes it
        elif self._clock.monotonic() >= until:
            self._write(leaving)
        else:
            self._pause(leaving, until)

    def _left(self, leaving: _Leaving) -> None:
        """Go on with an item that is not being written any more."""
        item = leaving.item
        if not item.written:
            transitions.let_go(item)
        del self._leaving[item]
        if self._blocked:
            awaited = {each.topic for each in self._leaving.values()}
            self._blocked = {topic: why for topic, why in self._blocked.items() if topic in awaited}
        self._turn.ended(item)


def _dead_letters(item: Item, record: Record, note: DeadLetterNote) -> list[Form]:
    """Return the forms of a dead letter: whole, without its value, and bare."""
    size, headers = item.missing or item.size, dead_letter_headers(record, note)
    forms: list[Form] = []
    if not item.missing:
        forms.append((record.key, record.value, headers))
    if item.missing or record.value is not None:
        forms.append((record.key, None, without_value(headers, size, item.digest)))
    forms.append((None, None, bare(record, note, size, item.digest)))
    return forms
