"""A notification's story, put together from what is known of it: as it is shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from app.edges.kafka.history_log import Found
from app.engine.control.holding import SHOWN, Held
from app.policies.books.history import said
from app.policies.headers.trace_context import read_trace_context
from app.policies.parsing import glance
from app.policies.redaction import Secrets, veil
from app.policies.texts.plain_text import clip
from app.values.history import Addressee, Entry, Settled, Story, TargetStory, Told
from app.values.record import Record
from app.values.snapshot import AttemptStatus


class Stories:
    """Makes stories. What stands in them is redacted and of bounded length.

    Args:
        worker_name: How this worker is called in the history.
    """

    def __init__(self, worker_name: str, secrets: Secrets) -> None:
        self._worker_name = worker_name
        self._secrets = secrets

    def of(
        self,
        message_id: str | None,
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
        dead_letter: Record | None = None,
        trace_id: str | None = None,
    ) -> Story:
        """Return the story of one notification.

        Args:
            message_id: Its id, if it has one; the history knows better.
            record: Where it stands.
            origin: Where it first stood; the history knows better.
            published: As ``origin``.
            trace_id: By the record's own headers; the history knows better.
        """
        last = entries[-1][2] if entries else None
        newest = [entry for _, _, entry in reversed(entries)]
        return Story(
            id=self._veiled(last.id if last else message_id),
            origin=last.origin if last else origin or "",
            state=state,
            why=self._veiled(why),
            next_attempt_at=_time(next_attempt_at),
            worker=worker,
            title=self._veiled(next((each.title for each in newest if each.title), None)),
            user=self._veiled(last.user if last else None),
            published=_time(last.published_at if last else published),
            settled=_time(settled),
            record=record,
            content=self._veiled(content),
            targets=self._targets((worker, entry) for _, worker, entry in entries),
            notes=tuple(dict.fromkeys(note for _, _, entry in entries for note in entry.notes)),
            dead_letter=_place(dead_letter),
            trace_id=next((each.trace_id for each in newest if each.trace_id), trace_id),
        )

    def of_held(self, held: Held, entries: Sequence[Found]) -> Story:
        """Return the story of one that this worker holds, with what the history says."""
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
            held.trace_id,
        )
        return self.of(
            held.id,
            (*entries, ((0, 0), self._worker_name, now)),
            state=held.state,
            why=held.why,
            next_attempt_at=held.next_attempt_at,
            worker=self._worker_name,
            record=held.record,
            content=held.content,
        )

    def settled(self, found: Found) -> Settled:
        """Return one line of the list of settled notifications."""
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
                    duration=None if each.status is AttemptStatus.WAITED else each.duration,
                    error=self._veiled(said(each, entry)),
                )
                tries[entry.targets[each.target]].append(told)
        return tuple(
            TargetStory(target.channel, self._veiled(target.destination) or "", tuple(told))
            for target, told in tries.items()
        )

    def _veiled(self, text: str | None) -> str | None:
        return None if text is None else veil(text, self._secrets, SHOWN)


class _Contents(msgspec.Struct):
    content: str | None = None


def content_of(record: Record | None) -> str | None:
    """Return the text of a record: its content, or what stands there if it cannot be read."""
    if record is None:
        return None
    told = glance(record.value, _Contents)
    if told is None:
        return clip((record.value or b"")[: SHOWN * 4].decode("utf-8", "backslashreplace"), SHOWN)
    return None if told.content is None else clip(told.content, SHOWN)


def trace_id_of(record: Record | None) -> str | None:
    """Return the trace that a record's headers say it belongs to."""
    context = None if record is None else read_trace_context(record.headers)
    return None if context is None else context.trace_id


def _place(dead: Record | None) -> str | None:
    return None if dead is None else f"{dead.partition.partition}/{dead.offset}"


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
