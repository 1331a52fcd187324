"""Tracing: finds one notification, wherever it is, and returns its story."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace

from app.edges.kafka.history_log import Found, HistoryLog, Traced
from app.engine.control.holding import Held, Holding
from app.engine.control.others import OtherWorkers, has, page_of
from app.engine.control.record_search import RecordSearch, message_id_of
from app.engine.control.stories import Stories, content_of, trace_id_of
from app.policies.books.history import said
from app.policies.books.history_search import DEFERRED, Sought
from app.policies.headers.deferral import read_paused
from app.policies.headers.records import here, origin_of
from app.policies.redaction import Secrets
from app.values.errors import KafkaUnavailableError
from app.values.fleet import Worker
from app.values.history import HistoryPage, Story
from app.values.record import Record

T = TypeVar("T")

WAITING: Final = "waiting"
QUEUED: Final = "queued"
REPLAYABLE: Final = frozenset({"failed", "partial", "expired"})


class _Seen(NamedTuple):
    """What this worker holds of a notification, and what has become of it so far."""

    held: Held | None
    entries: tuple[Found, ...]
    traced: Traced


class Tracer:
    """Finds one notification, and returns what is known of it.

    Args:
        worker_name: How this worker is called in the history.
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

    async def page(self, sought: Sought, limit: int, before: tuple[int, int] | None) -> HistoryPage:
        """Return the newest settled notifications, with what leads to older ones."""
        if not self._history.is_kept:
            return HistoryPage((), None)
        found, rest = await self._history.page(sought, limit, before)
        shown = await asyncio.to_thread(lambda: tuple(map(self._stories.settled, found)))
        return HistoryPage(shown, None if rest is None else f"{rest[0]}.{rest[1]}")

    async def trace(self, asked: str) -> tuple[Story | None, float | None]:
        """Return a notification's story, or None and how far back was looked.

        Args:
            asked: Its id, or ``topic:partition:offset``.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        seen = await self._look(asked)
        known = await self._known(asked, seen)
        if known is None or known.state in REPLAYABLE:  # it may be replayed elsewhere just now
            theirs, _ = await self._others.story(asked)
            known = theirs or known
        if known is not None:
            return known, seen.traced.oldest
        found = await self._elsewhere(asked, seen.entries)
        # Kafka takes a while to be looked through; meanwhile it may have been taken, or settled.
        seen = await self._look(asked, seen.traced)
        if (known := await self._known(asked, seen)) is not None:
            return known, seen.traced.oldest
        if found is None or found.state == QUEUED:
            theirs, unasked = await self._others.story(asked)
            found = theirs or _with_holder(found, asked, unasked)
        return found, seen.traced.oldest

    async def held(self, asked: str) -> Story | None:
        """Return the story of what this worker holds, or has settled just now; else None."""
        if self._holding.held(asked) is None and not self._holding.unwritten(asked):
            return None
        return await self._known(asked, await self._look(asked))

    async def _look(self, asked: str, before: Traced | None = None) -> _Seen:
        """Look into this worker's books and into the history, or into what is new there."""
        held = self._holding.held(asked)  # this and the next before the topic, or one is missed
        here_alone = self._holding.unwritten(asked)
        traced = await self._history.of(asked, before) if self._history.is_kept else Traced()
        known = {entry for _, _, entry in traced.found}
        fresh = [((0, 0), self._worker_name, each) for each in here_alone if each not in known]
        entries = (*traced.found, *fresh)
        by_id = tuple(each for each in entries if each[2].id is not None)
        return _Seen(held, by_id or entries, traced)  # an id may look like another one's place

    async def _known(self, asked: str, seen: _Seen) -> Story | None:
        """Tell of what this worker holds and of what is settled, as far as either is so."""
        if seen.held is not None:
            return self._stories.of_held(seen.held, seen.entries)
        if seen.entries and seen.entries[-1][2].state != DEFERRED:
            return await self._of_settled(asked, seen.entries)
        return None

    async def _of_settled(self, asked: str, entries: Sequence[Found]) -> Story:
        last = entries[-1][2]
        dead = None
        if last.state in REPLAYABLE:
            dead = await _in_time(self._search.dead_letter(asked, last.origin, last.at), [])
        record = dead or await self._search.at(last.origin)
        return self._stories.of(
            last.id,
            entries,
            state=last.state,
            settled=last.at,
            worker=entries[-1][1],
            why=next(filter(None, (said(each, last) for each in reversed(last.tries))), None),
            dead_letter=dead,
            content=content_of(record),
            trace_id=trace_id_of(record),
        )

    async def _elsewhere(self, asked: str, entries: Sequence[Found]) -> Story | None:
        """Look through what Kafka has of it: deferred, dead, or not taken yet."""
        last = entries[-1][2] if entries else None
        late: list[KafkaUnavailableError] = []
        if (deferred := await _in_time(self._search.deferred(asked), late)) is not None:
            return self._of_deferred(*deferred, entries)
        dead = await _in_time(self._search.dead_letter(asked, last.origin if last else None), late)
        if dead is None and last is None:
            return await self._of_untaken(asked, late)
        return self._stories.of(
            message_id_of(dead),
            entries,
            state="failed" if dead else DEFERRED,
            why=str(late[0]) if late and dead is None else None,
            dead_letter=dead,
            origin=origin_of(dead).coordinates if dead else None,
            content=content_of(dead),
            trace_id=trace_id_of(dead),
        )

    def _of_deferred(self, record: Record, delay: float, entries: Sequence[Found]) -> Story:
        origin = origin_of(record)
        pauses = map(self._holding.pause_of, read_paused(record.headers))
        pause = next(filter(None, pauses), None)
        return self._stories.of(
            message_id_of(record),
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

    async def _of_untaken(self, asked: str, late: list[KafkaUnavailableError]) -> Story | None:
        record = await _in_time(self._search.uncommitted(asked), late)
        if record is None:
            if late:
                raise late[0]
            return None
        origin = here(record)
        return self._stories.of(
            message_id_of(record),
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
