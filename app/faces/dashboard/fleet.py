"""The group's workers, as the page shows them."""

from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from app.values.fleet import Fleet, Worker, WorkerStatistics

SHOWN = 50


class WorkerRow(msgspec.Struct, frozen=True):
    """One worker."""

    id: str
    host: str
    process_id: int
    version: str
    mode: str  # its status, or ``PAUSED``, or ``PROBLEM``; as ``static/fleet.js`` has it
    problem: str | None
    link: str | None  # the address of its page; None if it cannot be reached from elsewhere
    is_me: bool  # whether it is the one that shows this page
    places: str  # the numbers of its partitions of the consumed topics
    partitions: int  # how many it has, those of the retry topics included
    start_time: str | None
    statistics: WorkerStatistics


class FleetRows(msgspec.Struct, frozen=True):
    """The workers to show."""

    rows: tuple[WorkerRow, ...]
    totals: WorkerStatistics
    hidden: int  # how many more there are
    unknown: str | None


def fleet_rows(fleet: Fleet, topics: Collection[str]) -> FleetRows:
    """Return the workers to show, this one first."""
    host = next((each.host for each in fleet.workers if each.id == fleet.me), None)
    ordered = sorted(fleet.workers, key=lambda each: (each.id != fleet.me, each.id))
    rows = tuple(_row(each, fleet.me, host, topics) for each in ordered[:SHOWN])
    return FleetRows(rows, fleet.totals, max(len(ordered) - SHOWN, 0), fleet.unknown)


def _row(worker: Worker, me: str, host: str | None, topics: Collection[str]) -> WorkerRow:
    mode = "PAUSED" if worker.paused else worker.status.value
    reachable = worker.address is not None and _reachable(worker.address, here=worker.host == host)
    return WorkerRow(
        id=worker.id,
        host=worker.host,
        process_id=worker.process_id,
        version=worker.version,
        mode="PROBLEM" if worker.problem else mode,
        problem=worker.problem,
        link=f"{worker.address}/" if reachable else None,
        is_me=worker.id == me,
        places=", ".join(
            spans(numbers) if len(topics) == 1 else f"{topic} {spans(numbers)}"
            for topic, numbers in sorted(worker.partitions.items())
            if topic in topics
        ),
        partitions=sum(len(numbers) for numbers in worker.partitions.values()),
        start_time=worker.start_time,
        statistics=worker.statistics,
    )


def _reachable(address: str, *, here: bool) -> bool:
    """Say whether a link leads there: a loopback address is each machine's own."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    try:
        return here or not ip_address(parts.hostname).is_loopback
    except ValueError:  # a name
        return True


def spans(numbers: Iterable[int]) -> str:
    """Return numbers with those that follow each other as one: ``0–3, 7``."""
    return ", ".join(f"{a}–{b}" if b > a else f"{a}" for a, b in _spans(sorted(numbers)))


def _spans(numbers: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield numbers[start], numbers[place - 1]
            start = place
