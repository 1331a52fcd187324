"""What this worker holds of one notification, and why it is not sent yet."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.engine.clock import EngineClock
from app.engine.control.board import Board
from app.engine.history import targets_of
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item, State
from app.engine.inflight.packing import is_named, told
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.policies.books.history import coordinates_of
from app.policies.books.pauses import Pausing
from app.policies.texts.plain_text import clip
from app.values.history import Addressee, Entry, Try
from app.values.note import Note

SHOWN: Final = 2_000
"""Characters of a content."""


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
    trace_id: str | None = None


class Holding:
    """Looks up what this worker has of a notification in memory."""

    def __init__(
        self,
        assignment: Assignment,
        dispatcher: Dispatcher,
        clock: EngineClock,
        observer: Observer,
        board: Board,
    ) -> None:
        self._assignment = assignment
        self._dispatcher = dispatcher
        self._clock = clock
        self._observer = observer
        self._board = board

    def held(self, asked: str) -> Held | None:
        """Return what is held of a notification: by its id, or by where its record first stood."""
        place, there = coordinates_of(asked), None
        for item in self._assignment.items():
            if is_named(item, asked):
                return self._held(item)
            if item.origin.coordinates == place:
                there = item
        return None if there is None else self._held(there)

    def unwritten(self, asked: str) -> Sequence[Entry]:
        """Return what the history is still to be told of a notification."""
        return self._observer.history.unwritten(asked)

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by, or None."""
        return self._board.pause_of(identity)

    def _held(self, item: Item) -> Held:
        state, why, seconds = self._state(item)
        notification = told(item)
        targets, tries = targets_of(item)
        return Held(
            id=notification.message_id if notification else None,
            origin=item.origin.coordinates,
            state=state,
            why=why,
            next_attempt_at=None if seconds is None else self._clock.now() + seconds,
            record=item.record.coordinates,
            title=notification.title if notification else None,
            user=notification.metadata.user_uuid if notification else None,
            published_at=item.published_at,
            content=clip(notification.content, SHOWN) if notification else None,
            targets=tuple(Addressee(target.channel, target.label) for target in targets),
            tries=tries,
            notes=(*notification.notes, *item.adjusted) if notification else (),
            trace_id=None if item.span is None else item.span.context.trace_id,
        )

    def _state(self, item: Item) -> tuple[str, str | None, float | None]:
        """Return the state, why it waits, and the seconds until it may be tried."""
        if any(job.state is State.ACTIVE for job in item.jobs):
            return "in_flight", None, None
        waiting = [job for job in item.jobs if job.state is State.WAITING]
        if not waiting:
            return "in_flight", "it is being written to Kafka", None
        reasons = [self._dispatcher.waits_for(job) for job in waiting]
        held_up = [each for each in reasons if each[0] is not None]
        if not held_up:
            return "queued", None, None
        why, seconds = min(held_up, key=lambda each: each[1] or 0.0)
        return "waiting", why, seconds
