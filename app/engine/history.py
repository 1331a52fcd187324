"""The history: what became of every notification, written to the group's history topic."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from app.edges.kafka.producer import Producer
from app.engine.inflight.item import Item
from app.policies.books import history
from app.policies.redaction import NO_SECRETS, Secrets, veil
from app.policies.texts.plain_text import clip
from app.values.clock import Clock
from app.values.delivery import Target
from app.values.errors import KafkaUnavailableError, NotifierError
from app.values.history import Addressee, Entry, Try
from app.values.note import Note
from app.values.snapshot import AttemptStatus

log = logging.getLogger(__name__)

MOST_WAITING: Final = 10_000
"""Entries that wait to be written; more are dropped and counted."""
LARGEST_BATCH: Final = 500
PATIENCE: Final = 1.0
"""Seconds that a commit waits for the history of what it covers."""
MOST_TRIES: Final = 50
"""Attempts that are kept of one notification: the first ones and the last ones."""
_LAST_TRIES: Final = MOST_TRIES // 2
MOST_TARGETS: Final = 50
LONGEST_NAME: Final = 200
LONGEST_ERROR: Final = 300
MOST_NOTES: Final = 20
_SENT: Final = "sent"


def worker_name() -> str:
    """Return the name of this process in the group: ``host:process id``."""
    return f"{socket.gethostname()}:{os.getpid()}"


class History:
    """Collects what became of notifications, and writes it many at a time.

    Only a commit waits for it, a second at most: no fault of the history affects a delivery.

    Args:
        topic: The history topic; None if none is kept.
        secrets: What must not be written of errors, beyond what is recognised by its form.
        traced: Attempts are kept with their items for spans, even if no history is kept.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str | None,
        clock: Clock,
        secrets: Secrets = NO_SECRETS,
        *,
        traced: bool = False,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._keeps_tries = topic is not None or traced
        self._clock = clock
        self._secrets = secrets
        self._worker = worker_name()
        self._waiting: list[Entry] = []
        self._written: dict[asyncio.Future[None], list[Entry]] = {}
        self._last_error = "", ""  # redacted once: a broken destination repeats its error
        self.lost = 0  # entries that could not be written, since the start
        # why the last ones were not, and what that means; None if they were
        self.trouble: str | None = None

    @property
    def is_kept(self) -> bool:
        """Whether there is a history."""
        return self._topic is not None

    def tried(
        self,
        item: Item,
        target: Target,
        status: AttemptStatus,
        attempt: int,
        duration: float | None,
        error: str | None,
        now: float | None = None,
    ) -> None:
        """Keep one attempt with its item, until that is settled.

        Args:
            attempt: Which one it was; 0 if it was none.
            duration: Seconds that the destination took; None if it was not asked.
            error: What it said if that was not yes.
            now: Seconds since the epoch, if the caller knows.
        """
        if not self._keeps_tries:
            return
        tries = item.tries
        if tries is None:
            tries = item.tries = []
        elif len(tries) >= MOST_TRIES:
            del tries[_LAST_TRIES]
        if error is not None:
            if error != self._last_error[0]:
                self._last_error = error, veil(clip(error, LONGEST_ERROR), self._secrets)
            error = self._last_error[1]
        at = self._clock.now() if now is None else now
        tries.append((target, Try(at, 0, status, attempt, duration, error)))

    def was_late(self, item: Item, held: float) -> None:
        """Keep that a settled item waited before its first attempt, if nothing else says it.

        Args:
            held: The seconds that this worker had it.
        """
        tries = item.tries
        if item.before is not None or not tries:
            return  # an entry of its own says why it was deferred
        target, first = tries[0]
        if first.status is not AttemptStatus.DELIVERED:
            return
        took = first.duration or 0.0
        here = max(held - took - self._clock.now() + first.at, 0.0)
        tries.insert(0, (target, Try(first.at - took, 0, AttemptStatus.WAITED, 0, here)))

    def add(self, item: Item, state: str) -> None:
        """Take what became of an item."""
        if self._topic is None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._lose(1, "more is settled than can be written")
            return
        self._waiting.append(self._entry(item, state, self._clock.now()))

    def unwritten(self, asked: str) -> list[Entry]:
        """Return what is known of a notification and may not stand in the topic yet."""
        names = history.names_of(asked)
        under_way = [entry for entries in self._written.values() for entry in entries]
        return [entry for entry in (*under_way, *self._waiting) if history.name_of(entry) in names]

    async def write(self) -> None:
        """Write what has been taken, and wait for it a second at most. Never raises for Kafka."""
        acknowledged = self.begin()
        if acknowledged:
            await asyncio.wait(acknowledged, timeout=PATIENCE)

    def begin(self) -> list[asyncio.Future[None]]:
        """Begin to write what has been taken; return what ends when it is written or lost."""
        entries, self._waiting = self._waiting, []
        return [
            self._write(entries[start : start + LARGEST_BATCH])
            for start in range(0, len(entries), LARGEST_BATCH)
        ]

    def _write(self, entries: list[Entry]) -> asyncio.Future[None]:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            value, headers = history.write(self._worker, entries)
        except ValueError as error:  # no single entry may hold up a commit
            writable = [each for each in entries if history.is_writable(each)]
            self._lose(len(entries) - len(writable), str(error))
            if writable:
                return self._write(writable)
            ended.set_result(None)
            return ended
        self._written[ended] = entries

        def then(result: object) -> None:
            del self._written[ended]
            if isinstance(result, KafkaUnavailableError):
                self._keep(entries, str(result))
            elif isinstance(result, NotifierError):
                self._lose(len(entries), str(result))
            else:
                self.trouble = None
            if not ended.done():
                ended.set_result(None)

        self._producer.begin(self._topic or "", None, value, headers, then, partition=0)
        return ended

    def _keep(self, entries: list[Entry], why: str) -> None:
        """Write again, with the next ones, as much as there is room for; some may stand there."""
        room = max(MOST_WAITING - len(self._waiting), 0)
        self._waiting = entries[:room] + self._waiting
        self._lose(max(len(entries) - room, 0), why)

    def _lose(self, entries: int, why: str) -> None:
        self.lost += entries
        missing = f"{self.lost:,} notifications are missing in it" if self.lost else "tried again"
        self.trouble = (
            f"the history cannot be written to {self._topic}: {why}. Deliveries are not touched by"
            f" it; {missing}"
        )

    def _entry(self, item: Item, state: str, now: float) -> Entry:
        """Return what is written of an item; what people wrote is veiled when it is shown."""
        notification = item.notification
        if notification is None:
            name = title = user = None
            notes: tuple[Note, ...] = ()
        else:
            name, title = notification.message_id, notification.title
            user, notes = notification.metadata.user_uuid, notification.notes
        tries: tuple[Try, ...]
        if state == _SENT and item.tries is not None and len(item.delivered) == 1:  # most are so
            (target,) = item.delivered
            targets: tuple[Addressee, ...] = (Addressee(target.channel, target.label),)
            tries = tuple([made for _, made in item.tries])
        else:
            places, tries = targets_of(item)
            targets = tuple(Addressee(target.channel, target.label) for target in places)
        return Entry(
            clip(name, history.LONGEST_ID) if name else None,
            item.origin.coordinates if item.deferred_before else item.record.coordinates,
            state,
            item.published_at,
            now,
            clip(title, LONGEST_NAME) if title else None,
            clip(user, LONGEST_NAME) if user else None,
            targets,
            tries,
            self._notes((*notes, *item.adjusted)) if notes or item.adjusted else (),
            None if item.span is None else item.span.context.trace_id,
        )

    def _notes(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        return tuple(
            Note(
                clip(each.field, LONGEST_NAME),
                veil(clip(each.problem, LONGEST_NAME), self._secrets),
            )
            for each in list(notes)[:MOST_NOTES]
        )


def targets_of(item: Item) -> tuple[tuple[Target, ...], tuple[Try, ...]]:
    """Return whom an item was for, as far as it is known, and what was tried at each."""
    places: dict[Target, int] = {}
    tries: list[Try] = []
    for target, made in item.tries or ():
        place = places.setdefault(target, len(places))
        tries.append(made if place == 0 else replace(made, target=place))
    for target in _others(item):
        if len(places) >= MOST_TARGETS:
            break
        places.setdefault(target, len(places))
    return tuple(places), tuple(tries)


def _others(item: Item) -> Iterable[Target]:
    """Yield the targets that nothing was tried at here."""
    for job in item.jobs:
        yield from job.delivery.targets
    for failure in item.failures:
        yield failure.target
