"""Tracing: one notification, looked for wherever it may be, and its story told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from app.edges.kafka.history_log import Found, HistoryLog
from app.engine.control.holding import Holding
from app.engine.control.others import OtherWorkers, has, page_of
from app.engine.control.record_search import RecordSearch
from app.engine.control.stories import Stories, content_of, trace_id_of
from app.policies.books.history import coordinates_of
from app.policies.headers.deferral import read_paused
from app.policies.headers.records import here, origin_of
from app.policies.redaction import Secrets
from app.values.errors import KafkaUnavailableError
from app.values.fleet import Worker
from app.values.history import Entry, HistoryPage, Story
from app.values.record import Record

T = TypeVar("T")

DEFERRED: Final = "deferred"
WAITING: Final = "waiting"
QUEUED: Final = "queued"


class Tracer:
    """Finds one notification, and tells what is known of it.

    Args:
        holding: What this worker holds.
        worker_name: How this worker is called in the history.
        search: Looks through the topics.
        history: What was settled.
        others: The group's other workers.
        secrets: What must not be shown.
    """

    def __init__(
        self,
        holding: Holding,
        worker_name: str,
        search: RecordSearch,
        history: HistoryLog,
        others: OtherWorkers,
        secrets: Secrets,
    ) -> None:
        self._holding = holding
        self._worker_name = worker_name
        self._search = search
        self._history = history
        self._others = others
        self._stories = Stories(worker_name, secrets)

    async def page(
        self, wanted: Callable[[Entry], bool], limit: int, before: tuple[int, int] | None
    ) -> HistoryPage:
        """Return the newest settled notifications, with what leads to older ones."""
        if not self._history.is_kept:
            return HistoryPage((), None)
        found, rest = await self._history.page(wanted, limit, before)
        shown = await asyncio.to_thread(lambda: tuple(map(self._stories.settled, found)))
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
        if (theirs := (await self._others.story(asked))[0]) is not None:
            return theirs, None
        entries, oldest = await self._entries(name)
        found = await self._elsewhere(name, entries)
        # Kafka takes a while to be looked through; meanwhile it may have been taken, or settled.
        if (known := await self._known(name)) is not None:
            return known
        if found is None or found.state == QUEUED:
            theirs, unasked = await self._others.story(asked)
            return theirs or _with_holder(found, asked, unasked), oldest
        return found, oldest

    async def held(self, asked: str) -> Story | None:
        """Return the story of what this worker holds, or has settled just now; else None.

        Args:
            asked: As for ``trace``.
        """
        name = coordinates_of(asked)
        if self._holding.held(name) is None and not self._holding.unwritten(name):
            return None
        known = await self._known(name)
        return None if known is None else known[0]

    async def _known(self, name: str) -> tuple[Story, float | None] | None:
        """Tell of what this worker holds and of what is settled, as far as either is so."""
        held = self._holding.held(name)
        entries, oldest = await self._entries(name)
        if held is not None:
            return self._stories.of_held(held, entries), oldest
        if entries and entries[-1][2].state != DEFERRED:
            return await self._of_settled(name, entries), oldest
        return None

    async def _entries(self, name: str) -> tuple[list[Found], float | None]:
        """Return what the history says, with what it is still to be told by this worker."""
        here_alone = self._holding.unwritten(name)  # before the topic is read, or one is missed
        written, oldest = await self._history.of(name) if self._history.is_kept else ((), None)
        known = {entry for _, _, entry in written}
        fresh = [((0, 0), self._worker_name, each) for each in here_alone if each not in known]
        return [*written, *fresh], oldest

    async def _of_settled(self, name: str, entries: Sequence[Found]) -> Story:
        last = entries[-1][2]
        dead = None
        if last.state in {"failed", "partial", "expired"}:
            dead = await _in_time(self._search.dead_letter(name, last.origin), [])
        record = dead or await self._search.at(last.origin)
        return self._stories.of(
            name,
            entries,
            state=last.state,
            settled=last.at,
            worker=entries[-1][1],
            why=next((each.error for each in reversed(last.tries) if each.error), None),
            dead_letter=dead,
            content=content_of(record),
            trace_id=trace_id_of(record),
        )

    async def _elsewhere(self, name: str, entries: Sequence[Found]) -> Story | None:
        """Look through what Kafka has of it: deferred, dead, or not taken yet."""
        last = entries[-1][2] if entries else None
        late: list[KafkaUnavailableError] = []
        if (deferred := await _in_time(self._search.deferred(name), late)) is not None:
            return self._of_deferred(name, *deferred, entries)
        dead = await _in_time(self._search.dead_letter(name, last.origin if last else None), late)
        if dead is None and last is None:
            return await self._of_untaken(name, late)
        return self._stories.of(
            name,
            entries,
            state="failed" if dead else DEFERRED,
            why=str(late[0]) if late and dead is None else None,
            dead_letter=dead,
            origin=origin_of(dead).coordinates if dead else None,
            content=content_of(dead),
            trace_id=trace_id_of(dead),
        )

    def _of_deferred(
        self, name: str, record: Record, delay: float, entries: Sequence[Found]
    ) -> Story:
        origin = origin_of(record)
        pauses = map(self._holding.pause_of, read_paused(record.headers))
        pause = next(filter(None, pauses), None)
        return self._stories.of(
            name,
            entries,
            state=WAITING if pause else DEFERRED,
            why=f"its destination was paused by {pause.by}" if pause else None,
            next_attempt_at=None if pause else record.timestamp + delay,
            record=record.coordinates,
            origin=origin.coordinates,
            published=origin.timestamp,
            content=content_of(record),
            trace_id=trace_id_of(record),
        )

    async def _of_untaken(self, name: str, late: list[KafkaUnavailableError]) -> Story | None:
        record = await _in_time(self._search.uncommitted(name), late)
        if record is None:
            if late:
                raise late[0]
            return None
        origin = here(record)
        return self._stories.of(
            name,
            (),
            state=QUEUED,
            why="nobody has taken it yet",
            record=record.coordinates,
            origin=origin.coordinates,
            published=origin.timestamp,
            content=content_of(record),
            trace_id=trace_id_of(record),
        )


def _with_holder(found: Story | None, asked: str, unasked: Iterable[Worker]) -> Story | None:
    """Name the worker that has its partition, if it could not be asked whether it has taken it."""
    for worker in unasked:
        if found is not None and has(worker, found.record or ""):
            page = page_of(worker, asked)
            return replace(
                found,
                why=f"the worker {worker.id} has its partition, and could not be asked about it;"
                f" its page: {page}"
                if page
                else f"the worker {worker.id} has its partition, and could not be asked about it",
            )
    return found


async def _in_time(finding: Awaitable[T | None], late: list[KafkaUnavailableError]) -> T | None:
    """Return what is found, or None if Kafka did not hand over all of it in time; note that."""
    try:
        return await finding
    except KafkaUnavailableError as error:
        late.append(error)
        return None
