"""What the group's workers tell each other for the operator's sake, by the control topic. Pure.

Keys, each with a JSON value; a record without one takes it back:

``operator/<group>/report/<worker>``
    What a worker sees that does not speak for the group itself (``Report``).
``operator/<group>/told``
    What each address was told last, by a hash of the address, so that another worker can go on.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from app.policies.books.saved_commits import Entry
from app.values.errors import UNREADABLE
from app.values.notice import Report, Told

STALE_AFTER: Final = 60.0
"""Seconds after which a worker's report says nothing any more: it writes every ten."""
FORGOTTEN_AFTER: Final = 600.0
"""Seconds after which somebody else takes back what one has written that is gone."""

ToldByName = dict[str, list[Told]]


class _Heard(NamedTuple):
    """A worker's last report, and when it came (monotonic seconds of the reader)."""

    report: Report
    at: float


class NoticeBook:
    """Knows what the group's workers see, and what the operator was told."""

    def __init__(self, group_id: str) -> None:
        self._reports = _report_prefix(group_id)
        self._told_key = _told_key(group_id)
        self._heard: dict[str, _Heard] = {}
        self.told: ToldByName = {}  # what each address was told, by a hash of the address

    def take(self, key: bytes | None, value: bytes | None, at: float) -> None:
        """Take in one record of the control topic, in the order in which they stand."""
        name = (key or b"").decode(errors="replace")
        try:
            if name.startswith(self._reports):
                report = msgspec.json.decode(value or b"", type=Report)
                self._heard[name.removeprefix(self._reports)] = _Heard(report, at)
            elif name == self._told_key:
                self.told = msgspec.json.decode(value or b"", type=ToldByName)
        except UNREADABLE:  # taken back, or of a version to come
            self._heard.pop(name.removeprefix(self._reports), None)

    def reports(self, now: float) -> Iterator[Report]:
        """Yield the reports of workers that were heard of lately."""
        return (each.report for each in self._heard.values() if now - each.at < STALE_AFTER)

    def forgotten(self, now: float) -> list[str]:
        """Return the names of workers that have been silent for long."""
        return [name for name, each in self._heard.items() if now - each.at >= FORGOTTEN_AFTER]


def report_entry(group_id: str, report: Report) -> Entry:
    """Return the record of what a worker sees; one that takes its last back, if it is nothing."""
    if not report.matters and not report.fine:
        return report_taken_back(group_id, report.worker)
    return f"{_report_prefix(group_id)}{report.worker}".encode(), msgspec.json.encode(report)


def report_taken_back(group_id: str, worker: str) -> Entry:
    """Return the record that takes back what a worker has reported."""
    return f"{_report_prefix(group_id)}{worker}".encode(), None


def told_entry(group_id: str, told: Mapping[str, Iterable[Told]]) -> Entry:
    """Return the record of what each address was told, by a hash of the address."""
    value = msgspec.json.encode({name: list(each) for name, each in told.items()})
    return _told_key(group_id).encode(), value


def _report_prefix(group_id: str) -> str:
    return f"operator/{group_id}/report/"


def _told_key(group_id: str) -> str:
    return f"operator/{group_id}/told"
