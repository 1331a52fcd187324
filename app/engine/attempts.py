"""The last delivery attempts, in memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from app.policies.redaction import NO_SECRETS, Secrets, veil
from app.policies.texts.plain_text import clip
from app.values.control import AttemptPage
from app.values.delivery import Target
from app.values.note import Note
from app.values.notification import Notification
from app.values.record import Record, TopicPartition, coordinates
from app.values.snapshot import Attempt, AttemptStatus

CAPACITY = 1000
FOLLOWER_CAPACITY = 200
CONTENT_SHOWN = 500
ERROR_SHOWN = 500
NAME_SHOWN = 200
"""Characters of an id, a title, a destination or a note."""
NOTES_SHOWN = 20


class _Made(msgspec.Struct, gc=False):
    """An attempt as it is kept: compact, since hardly any is ever read."""

    id: int
    now: float
    status: AttemptStatus
    channel: str
    destination: str
    message_id: str | None
    title: str | None
    content: str
    attempt: int
    duration: float | None
    error: str | None
    partition: TopicPartition
    offset: int
    notes: tuple[Note, ...]
    seen: Attempt | None = None  # as it was shown before

    def shorten(self) -> None:
        """Keep no long names."""
        self.channel = clip(self.channel, NAME_SHOWN)
        self.destination = clip(self.destination, NAME_SHOWN)
        self.message_id = self.message_id and clip(self.message_id, NAME_SHOWN)
        self.title = self.title and clip(self.title, NAME_SHOWN)

    def shown(self, secrets: Secrets) -> Attempt:
        if self.seen is None:
            self.seen = Attempt(
                id=self.id,
                time=datetime.fromtimestamp(self.now, UTC).isoformat(timespec="milliseconds"),
                status=self.status,
                channel=veil(self.channel, secrets),
                destination=veil(self.destination, secrets),
                message_id=self.message_id and veil(self.message_id, secrets),
                title=self.title and veil(self.title, secrets),
                content=veil(self.content, secrets),
                attempt=self.attempt,
                duration=self.duration,
                error=self.error and veil(self.error, secrets),
                origin=coordinates(self.partition, self.offset),
                notes=tuple(
                    Note(veil(note.field, secrets), veil(note.problem, secrets))
                    for note in self.notes
                ),
            )
        return self.seen


class AttemptLog:
    """Remembers the newest attempts and tells followers of each.

    Texts are shortened when they are kept: what is kept is bounded in bytes, not only in number.

    Args:
        secrets: What must not be shown, beyond what is recognised by its form.
        capacity: How many are remembered.
    """

    def __init__(self, secrets: Secrets = NO_SECRETS, capacity: int = CAPACITY) -> None:
        self._secrets = secrets
        self._attempts: deque[_Made] = deque(maxlen=capacity)
        self._followers: set[asyncio.Queue[Attempt]] = set()
        self._last_id = 0

    def add(
        self,
        now: float,
        status: AttemptStatus,
        target: Target | None,
        notification: Notification,
        record: Record,
        attempt: int = 0,
        duration: float | None = None,
        error: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Remember one attempt, made at ``now`` (seconds since the epoch), or why there was none.

        Args:
            now: Seconds since the epoch.
            status: Its result.
            target: Whom it was for, or None.
            notification: What it was about.
            record: Where that stands.
            attempt: Which attempt it was.
            duration: Seconds that it took.
            error: What was wrong.
            notes: What was left out.
        """
        self._last_id += 1
        channel, destination = (target.channel, target.label) if target else ("", "")
        message_id, title = notification.message_id, notification.title
        made = _Made(
            self._last_id,
            now,
            status,
            channel,
            destination,
            message_id,
            title,
            notification.content[:CONTENT_SHOWN],
            attempt,
            duration,
            error and clip(error, ERROR_SHOWN),
            record.partition,
            record.offset,
            _bounded(notes) if notes else notes,
        )
        if len(channel) + len(destination) + len(message_id or "") + len(title or "") > NAME_SHOWN:
            made.shorten()
        self._attempts.append(made)
        for queue in self._followers:
            if queue.full():
                queue.get_nowait()  # a slow reader loses the oldest
            queue.put_nowait(made.shown(self._secrets))

    def page(
        self,
        *,
        status: AttemptStatus | None = None,
        channel: str | None = None,
        query: str | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> AttemptPage:
        """Return attempts older than ``cursor``, newest first, that match every filter.

        May take long, and may be called in a thread.

        Args:
            status: As in ``Attempt.status``.
            channel: As in ``Attempt.channel``.
            query: Text looked for in id, title, content, destination, error and notes, in any case.
            limit: The most attempts to return.
            cursor: The ``next_cursor`` of the page before.
        """
        found: list[Attempt] = []
        needle = query.casefold() if query else None
        for attempt in reversed(tuple(self._attempts)):  # others are added meanwhile
            if cursor is not None and attempt.id >= cursor:
                continue
            if status is not None and attempt.status != status:
                continue
            if channel is not None and attempt.channel != channel:
                continue
            shown = attempt.shown(self._secrets)
            if needle is not None and needle not in _text(shown):
                continue
            if len(found) == limit:
                return AttemptPage(tuple(found), found[-1].id)
            found.append(shown)
        return AttemptPage(tuple(found), None)

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[AsyncIterator[Attempt]]:
        """Yield attempts as they are made; a slow reader loses the oldest, never blocks."""
        queue: asyncio.Queue[Attempt] = asyncio.Queue(FOLLOWER_CAPACITY)
        self._followers.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._followers.discard(queue)


async def _drain(queue: asyncio.Queue[Attempt]) -> AsyncIterator[Attempt]:
    while True:
        yield await queue.get()


def _bounded(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    return tuple(
        Note(clip(note.field, NAME_SHOWN), clip(note.problem, NAME_SHOWN))
        for note in notes[:NOTES_SHOWN]
    )


def _text(attempt: Attempt) -> str:
    parts = (
        attempt.message_id,
        attempt.title,
        attempt.content,
        attempt.destination,
        attempt.error,
        *(f"{note.field}: {note.problem}" for note in attempt.notes),
    )
    return "\n".join(part for part in parts if part).casefold()
