"""One notification's story: looked for wherever it may be, and told from what is found."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.history_log import Found, HistoryLog
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.record_reader import reading_again
from app.engine.group.subscription import Subscription
from app.policies.books.history import coordinates_of
from app.policies.books.pauses import Pausing
from app.policies.headers.deferral import read_paused
from app.policies.headers.records import here, origin_of
from app.policies.redaction import Secrets, veil
from app.policies.texts.plain_text import clip
from app.values.errors import KafkaUnavailableError, NotifierError
from app.values.history import (
    Addressee,
    Entry,
    HistoryPage,
    Settled,
    Story,
    TargetStory,
    Told,
    Try,
)
from app.values.note import Note
from app.values.record import Record

T = TypeVar("T")

TIMEOUT: Final = 5.0
"""Seconds that looking through one topic may take."""
SHOWN: Final = 2_000
"""Characters of a content."""
DEFERRED: Final = "deferred"
WAITING: Final = "waiting"


class Held(msgspec.Struct, frozen=True):
    """A notification that this worker holds.

    Attributes:
        state: ``queued``, ``in_flight`` or ``waiting``.
        record: Where it stands.
        next_attempt_at: Seconds since the epoch, or None.
        targets, tries: As in the history.
    """

    id: str | None
    origin: str
    state: str
    why: str | None
    next_attempt_at: float | None
    record: str
    title: str | None
    user: str | None
    published_at: float
    content: str | None
    targets: tuple[Addressee, ...]
    tries: tuple[Try, ...]
    notes: tuple[Note, ...]


class Holder(Protocol):
    """What is asked of the worker."""

    def held(self, name: str) -> Held | None:
        """Return what this worker holds of a notification."""
        ...

    def unwritten(self, name: str) -> Sequence[Entry]:
        """Return what the history is still to be told of a notification."""
        ...

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by, or None."""
        ...

    def committed(self) -> Mapping[str, Mapping[int, int]]:
        """Return the committed offsets that are known, by topic and partition."""
        ...


class DeadLetterRecords(Protocol):
    """What is asked of the dead letters."""

    def scan(self) -> AsyncIterator[Sequence[Record]]:
        """Yield every dead letter, a few at a time."""
        ...


class Tracer:
    """Finds one notification, and tells what is known of it.

    Args:
        worker: This process's.
        worker_name: How it is called in the history.
        connection: Where Kafka is.
        subscription: Names the topics.
        history: What was settled.
        dead_letters: What could not be delivered.
        secrets: What must not be shown.
    """

    def __init__(
        self,
        worker: Holder,
        worker_name: str,
        connection: Connection,
        subscription: Subscription,
        history: HistoryLog,
        dead_letters: DeadLetterRecords,
        secrets: Secrets,
    ) -> None:
        self._worker = worker
        self._worker_name = worker_name
        self._connection = connection
        self._subscription = subscription
        self._history = history
        self._dead_letters = dead_letters
        self._secrets = secrets

    async def page(
        self, wanted: Callable[[Entry], bool], limit: int, before: tuple[int, int] | None
    ) -> HistoryPage:
        """Return the newest settled notifications, with what leads to older ones."""
        if not self._history.is_kept:
            return HistoryPage((), None)
        found, rest = await self._history.page(wanted, limit, before)
        shown = await asyncio.to_thread(lambda: tuple(self._settled(each) for each in found))
        return HistoryPage(shown, None if rest is None else f"{rest[0]}.{rest[1]}")

    async def trace(self, asked: str) -> tuple[Story | None, float | None]:
        """Return a notification's story, or None and how far back was looked.

        Args:
            asked: Its id, or ``topic:partition:offset``.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: As everywhere.
        """
        name = coordinates_of(asked)
        if (known := await self._known(name)) is not None:
            return known
        entries, oldest = await self._entries(name)
        found = await self._elsewhere(name, entries)
        # Kafka takes a while to be looked through; meanwhile it may have been taken, or settled.
        return await self._known(name) or (found, oldest)

    async def _known(self, name: str) -> tuple[Story, float | None] | None:
        """Tell of what this worker holds and of what is settled, as far as either is so."""
        held = self._worker.held(name)
        entries, oldest = await self._entries(name)
        if held is not None:
            return self._of_held(held, entries), oldest
        if entries and entries[-1][2].state != DEFERRED:
            return await self._of_settled(name, entries), oldest
        return None

    async def _elsewhere(self, name: str, entries: Sequence[Found]) -> Story | None:
        """Look through what Kafka has of it: deferred, dead, or not taken yet."""
        last = entries[-1][2] if entries else None
        late: list[KafkaUnavailableError] = []
        if (deferred := await _in_time(self._deferred(name), late)) is not None:
            return self._of_found(name, deferred, entries)
        origin = None if last is None else last.origin
        dead = await _in_time(self._dead_letter(name, origin), late)
        if dead is None and last is None:
            waiting = await _in_time(self._waiting(name), late)
            if waiting is not None:
                return self._of_found(name, waiting, entries)
            if late:
                raise late[0]
            return None
        return self._told(
            name,
            entries,
            state="failed" if dead else DEFERRED,
            why=str(late[0]) if late and dead is None else None,
            dead_letter=_place(dead),
            origin=origin_of(dead).coordinates if dead else None,
            content=_content(dead) if dead else None,
        )

    async def _entries(self, name: str) -> tuple[list[Found], float | None]:
        """Return what the history says, with what it is still to be told by this worker."""
        here_alone = self._worker.unwritten(name)  # before the topic is read, or one is missed
        written, oldest = await self._history.of(name) if self._history.is_kept else ((), None)
        known = {entry for _, _, entry in written}
        fresh = [((0, 0), self._worker_name, each) for each in here_alone if each not in known]
        return [*written, *fresh], oldest

    async def _of_settled(self, name: str, entries: Sequence[Found]) -> Story:
        last = entries[-1][2]
        dead = None
        if last.state in {"failed", "partial", "expired"}:
            dead = await _in_time(self._dead_letter(name, last.origin), [])
        return self._told(
            name,
            entries,
            state=last.state,
            settled=last.at,
            worker=entries[-1][1],
            why=_last_error(last),
            dead_letter=_place(dead),
            content=_content(dead) if dead else await self._source(last.origin),
        )

    def _of_held(self, held: Held, entries: Sequence[Found]) -> Story:
        now = Entry(
            held.id,
            held.origin,
            held.state,
            held.published_at,
            held.published_at,
            held.title,
            held.user,
            held.targets,
            held.tries,
            held.notes,
        )
        return self._told(
            held.id or held.origin,
            (*entries, ((0, 0), self._worker_name, now)),
            state=held.state,
            why=held.why,
            next_attempt_at=held.next_attempt_at,
            worker=self._worker_name,
            record=held.record,
            content=held.content,
        )

    def _of_found(
        self, name: str, found: tuple[Record, float | None], entries: Sequence[Found]
    ) -> Story:
        record, delay = found
        origin = here(record) if delay is None else origin_of(record)
        state, why, due = (
            ("queued", "nobody has taken it yet", None)
            if delay is None
            else self._deferral(record, record.timestamp + delay)
        )
        return self._told(
            name,
            entries,
            state=state,
            why=why,
            next_attempt_at=due,
            record=record.coordinates,
            origin=origin.coordinates,
            published=origin.timestamp,
            content=_content(record),
        )

    def _deferral(self, record: Record, due: float) -> tuple[str, str | None, float | None]:
        """Return the state of a deferred record, why it waits, and until when (epoch seconds)."""
        pauses = map(self._worker.pause_of, read_paused(record.headers))
        if pause := next(filter(None, pauses), None):
            return WAITING, f"its destination was paused by {pause.by}", None
        return DEFERRED, None, due

    def _told(
        self,
        name: str,
        entries: Sequence[Found],
        *,
        state: str,
        why: str | None = None,
        next_attempt_at: float | None = None,
        settled: float | None = None,
        worker: str | None = None,
        record: str | None = None,
        origin: str | None = None,
        published: float | None = None,
        content: str | None = None,
        dead_letter: str | None = None,
    ) -> Story:
        last = entries[-1][2] if entries else None
        is_id = name.count("/") < 2
        return Story(
            id=self._veiled(last.id if last else name if is_id else None),
            origin=last.origin if last else origin or name,
            state=state,
            why=self._veiled(why),
            next_attempt_at=_time(next_attempt_at),
            worker=worker,
            title=self._veiled(next((e.title for _, _, e in reversed(entries) if e.title), None)),
            user=self._veiled(last.user if last else None),
            published=_time(last.published_at if last else published),
            settled=_time(settled),
            record=record,
            content=self._veiled(content),
            targets=self._targets((worker, entry) for _, worker, entry in entries),
            notes=tuple(dict.fromkeys(note for _, _, entry in entries for note in entry.notes)),
            dead_letter=dead_letter,
        )

    def _settled(self, found: Found) -> Settled:
        _, worker, entry = found
        return Settled(
            id=self._veiled(entry.id),
            origin=entry.origin,
            state=entry.state,
            title=self._veiled(entry.title),
            user=self._veiled(entry.user),
            published=_time(entry.published_at) or "",
            settled=_time(entry.at) or "",
            worker=worker,
            targets=self._targets([(worker, entry)]),
            notes=entry.notes,
        )

    def _targets(self, entries: Iterable[tuple[str, Entry]]) -> tuple[TargetStory, ...]:
        tries: dict[Addressee, list[Told]] = {}
        for worker, entry in entries:
            for target in entry.targets:
                tries.setdefault(target, [])
            for each in entry.tries:
                if each.target >= len(entry.targets):
                    continue
                told = Told(
                    time=_time(each.at) or "",
                    status=each.status,
                    attempt=each.attempt,
                    worker=worker,
                    duration=each.duration,
                    error=self._veiled(each.error),
                )
                tries[entry.targets[each.target]].append(told)
        return tuple(
            TargetStory(target.channel, self._veiled(target.destination) or "", tuple(told))
            for target, told in tries.items()
        )

    def _veiled(self, text: str | None) -> str | None:
        return None if text is None else veil(text, self._secrets, SHOWN)

    async def _deferred(self, name: str) -> tuple[Record, float] | None:
        """Look for it in the retry topics: the record that was written last."""
        is_it = _matches(name, origin_of)
        found: list[tuple[Record, float]] = []
        for topic, delay in self._subscription.delays.items():
            found += [(each, delay) for each in await self._find(topic, is_it)]
        return max(found, key=lambda each: each[0].timestamp, default=None)

    async def _waiting(self, name: str) -> tuple[Record, None] | None:
        """Look for it in what is not committed of the consumed topics."""
        is_it = _matches(name, here)
        for topic in self._subscription.topics:
            committed = self._worker.committed().get(topic, {})
            found = await self._find(topic, is_it, committed)
            if found:
                return found[-1], None
        return None

    async def _find(
        self,
        topic: str,
        is_it: Callable[[Record], bool],
        committed: Mapping[int, int] | None = None,
    ) -> tuple[Record, ...]:
        """Return the records of a topic that are it; of those only that are not committed."""
        with translated(f"hand over records of {topic}"):
            async with (
                asyncio.timeout(TIMEOUT),
                LogReader(self._connection, topic, TIMEOUT * 0.8) as log,
            ):
                ranges = {
                    number: range(max((committed or {}).get(number, 0), each.start), each.stop)
                    for number, each in (await log.ranges()).items()
                }
                unread = {number: each for number, each in ranges.items() if each}
                stretches = await log.read(unread, is_it) if unread else {}
        return tuple(record for each in stretches.values() for record in each.records)

    async def _dead_letter(self, name: str, origin: str | None) -> Record | None:
        is_it = _matches(name, origin_of)
        found = None
        try:
            async with asyncio.timeout(TIMEOUT):
                async for records in self._dead_letters.scan():
                    for record in records:
                        if origin_of(record).coordinates == origin or is_it(record):
                            found = record
        except TimeoutError as error:
            if found is None:
                raise KafkaUnavailableError(
                    "there are too many dead letters to be looked through in time"
                ) from error
        return found

    async def _source(self, origin: str) -> str | None:
        """Return the content of a record as long as its topic still has it."""
        topic, partition, offset = origin.rsplit("/", 2)
        try:
            async with reading_again(self._connection, topic) as read:
                record = await read(int(partition), int(offset))
        except (NotifierError, ValueError):
            return None
        return None if record is None else _content(record)


async def _in_time(finding: Awaitable[T | None], late: list[KafkaUnavailableError]) -> T | None:
    """Return what is found, or None if Kafka did not hand over all of it in time; note that."""
    try:
        return await finding
    except KafkaUnavailableError as error:
        late.append(error)
        return None


class _Named(msgspec.Struct):
    message_id: str | None = None


class _Contents(msgspec.Struct):
    content: str | None = None


def _matches(name: str, origin: Callable[[Record], object]) -> Callable[[Record], bool]:
    """Return what says whether a record is that notification: by its id, or where it stood."""
    written = {name.encode("utf-8", "surrogatepass"), json.dumps(name)[1:-1].encode()}
    is_place = name.count("/") >= 2

    def is_it(record: Record) -> bool:
        if is_place and getattr(origin(record), "coordinates", "") == name:
            return True
        value = record.value
        if value is None or not any(each in value for each in written):
            return False
        try:
            return msgspec.json.decode(value, type=_Named).message_id == name
        except (msgspec.DecodeError, msgspec.ValidationError):
            return False

    return is_it


def _place(dead: Record | None) -> str | None:
    return None if dead is None else f"{dead.partition.partition}/{dead.offset}"


def _content(record: Record) -> str | None:
    try:
        content = msgspec.json.decode(record.value or b"", type=_Contents).content
    except (msgspec.DecodeError, msgspec.ValidationError):
        content = (record.value or b"")[: SHOWN * 4].decode("utf-8", "backslashreplace")
    return None if content is None else clip(content, SHOWN)


def _last_error(entry: Entry) -> str | None:
    return next((each.error for each in reversed(entry.tries) if each.error), None)


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
