"""The group's workers, by what each writes of itself into the control topic. Pure.

Key ``workers/<group>/<id>``, with a ``Worker`` as JSON; a record without a value takes it back.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from app.policies.books.saved_commits import Entry
from app.values.errors import UNREADABLE
from app.values.fleet import Worker, WorkerStatistics

GONE_AFTER: Final = 13.0
"""Seconds without a word after which a worker counts as gone: it writes every few seconds."""
FORGOTTEN_AFTER: Final = 600.0
"""Seconds after which somebody else takes back what one has written that is gone."""

_COUNTED: Final = tuple(
    name
    for name in WorkerStatistics.__struct_fields__
    if name not in ("success_rate", "last_message_time")
)


class _Heard(NamedTuple):
    """A worker's last word, and when it came (monotonic seconds of the reader)."""

    worker: Worker
    at: float


class FleetBook:
    """Knows who is alive, by when it was heard of: nobody's wall clock has a say in it."""

    def __init__(self, group_id: str) -> None:
        self._prefix = _prefix(group_id)
        self._heard: dict[str, _Heard] = {}

    def take(self, key: bytes | None, value: bytes | None, at: float) -> None:
        """Take in one record of the control topic, in the order in which they stand.

        Args:
            at: When its writer was alive (monotonic seconds).
        """
        name = (key or b"").decode(errors="replace")
        if not name.startswith(self._prefix):
            return
        identity = name.removeprefix(self._prefix)
        try:
            worker = msgspec.json.decode(value or b"", type=Worker)
        except UNREADABLE:  # taken back, or of a version to come
            self._heard.pop(identity, None)
            return
        if worker.id == identity:
            self._heard[identity] = _Heard(worker, at)

    def alive(self, now: float) -> Iterator[Worker]:
        """Yield the workers that were heard of lately."""
        return (each.worker for each in self._heard.values() if now - each.at < GONE_AFTER)

    def forgotten(self, now: float) -> Iterator[str]:
        """Yield the ids of those that have been gone for long."""
        for identity, each in self._heard.items():
            if now - each.at >= FORGOTTEN_AFTER:
                yield identity


def told(group_id: str, worker: Worker) -> Entry:
    """Return the record by which a worker tells of itself."""
    return f"{_prefix(group_id)}{worker.id}".encode(), msgspec.json.encode(worker)


def taken_back(group_id: str, identity: str) -> Entry:
    """Return the record that takes back what a worker has told."""
    return f"{_prefix(group_id)}{identity}".encode(), None


def total(workers: Iterable[WorkerStatistics]) -> WorkerStatistics:
    """Add up what workers have counted; what none of them knows is not known."""
    all_of_them = list(workers)
    sums = {name: _sum(getattr(each, name) for each in all_of_them) for name in _COUNTED}
    consumed = sums["messages_consumed"] or 0
    times = [each.last_message_time for each in all_of_them if each.last_message_time]
    return WorkerStatistics(
        **{name: found for name, found in sums.items() if found is not None},
        success_rate=(sums["messages_sent"] or 0) / consumed if consumed else None,
        last_message_time=max(times, default=None),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _prefix(group_id: str) -> str:
    return f"workers/{group_id}/"
