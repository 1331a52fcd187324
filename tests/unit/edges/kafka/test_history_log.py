"""The history, read newest first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Self, cast

import pytest

from app.edges.kafka import history_log as module
from app.edges.kafka.connection import Connection
from app.edges.kafka.history_log import CLOCKS, LATEST, HistoryLog, Place
from app.edges.kafka.log_reader import LogReader, Stretch
from app.policies.books.history import write
from app.policies.books.history_search import Sought
from app.values.history import Entry
from app.values.record import Record, TopicPartition

DAY = 86_400.0
NOWHERE = Connection("127.0.0.1:1", {})


def entry(name: str, at: float, state: str = "sent", published: float | None = None) -> Entry:
    """Return what became of a notification."""
    return Entry(name, f"t/0/{at:.0f}", state, at - 1 if published is None else published, at)


class Log:
    """A history topic in memory: a record for each list of entries, appended as the last was settled."""

    def __init__(self, batches: Sequence[Sequence[Entry]], first: int = 0) -> None:
        self.first = first
        self.records: list[Record] = []
        for batch in batches:
            self.append(batch)
        self.read_so_far: list[int] = []  # the offsets that were read

    def append(self, batch: Sequence[Entry]) -> None:
        """Write one more record."""
        value, headers = write("host:1", batch)
        offset = self.first + len(self.records)
        place = TopicPartition("history", 0)
        self.records.append(Record(place, offset, batch[-1].at, None, value, headers))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def ranges(self) -> dict[int, range]:
        """Return what there is."""
        return {0: range(self.first, self.first + len(self.records))}

    async def offsets_at(self, ranges: Mapping[int, range], seconds: float) -> dict[int, int]:
        """Return the first offset from a time on."""
        later = (each.offset for each in self.records if each.timestamp >= seconds)
        return {0: next(later, ranges[0].stop)}

    async def read(
        self, ranges: Mapping[int, range], wanted: Callable[[Record], bool]
    ) -> dict[int, Stretch]:
        """Return the wanted ones."""
        offsets = ranges[0]
        read = [each for each in self.records if each.offset in offsets]
        self.read_so_far += [each.offset for each in read]
        return {0: Stretch(offsets.start, tuple(filter(wanted, read)), len(read))}


@pytest.fixture
def history_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Log], HistoryLog]:
    """Make a history that is read from memory."""

    def make(log: Log) -> HistoryLog:
        monkeypatch.setattr(module, "LogReader", lambda *_: cast(LogReader, log))
        return HistoryLog(NOWHERE, "history")

    return make


Make = Callable[[Log], HistoryLog]


async def test_the_newest_is_found_without_reading_the_rest(history_of: Make) -> None:
    """A thousand seconds of a week: that one cannot stand in what is older than it is."""
    log = Log([[entry(f"m-{n}", n * 600.0)] for n in range(1000)])
    found = await history_of(log).of("m-999")
    assert [each.at for _, _, each in found.found] == [999 * 600.0]
    assert len(log.read_so_far) < 50
    assert found.oldest == 980 * 600.0


async def test_what_was_deferred_before_is_found_as_well(history_of: Make) -> None:
    """Back to when it was published, oldest first."""
    log = Log([[entry(f"m-{n}", n * 600.0)] for n in range(900)])
    log.append([entry("x", 900 * 600.0, published=10_000.0)])
    log.records[100] = Log([[entry("x", 100 * 600.0, "deferred", 10_000.0)]], 100).records[0]
    found = await history_of(log).of("x")
    assert [each.state for _, _, each in found.found] == ["deferred", "sent"]


async def test_only_what_is_new_is_read_the_second_time(history_of: Make) -> None:
    """And put to what was found before."""
    log = Log([[entry("x", 1.0, "deferred", 0.5)], *([entry(f"m-{n}", n)] for n in range(2, 99))])
    history = history_of(log)
    first = await history.of("x")
    assert (len(first.found), first.oldest) == (1, 1.0)
    log.read_so_far.clear()
    assert await history.of("x", first) == first
    assert log.read_so_far == []
    log.append([entry("x", 100.0, published=0.5)])
    second = await history.of("x", first)
    assert [each.state for _, _, each in second.found] == ["deferred", "sent"]
    assert log.read_so_far == [98]
    assert second.oldest == first.oldest


async def test_an_empty_history_goes_back_to_nothing(history_of: Make) -> None:
    """It may have been made just now."""
    found = await history_of(Log([], first=7)).of("m")
    assert (found.found, found.oldest) == ((), None)


async def test_only_the_records_of_that_time_are_read(history_of: Make) -> None:
    """With room for clocks that differ, and for what was written late."""
    log = Log([[entry(f"m-{n}", n * 3600.0)] for n in range(7 * 24)])
    sought = Sought(since=2 * DAY, until=2.5 * DAY)
    found, rest = await history_of(log).page(sought, 50, None)
    assert [each.id for _, _, each in found] == [f"m-{n}" for n in range(59, 47, -1)]
    assert rest is None
    spare = (CLOCKS + LATEST) / 3600
    assert len(log.read_so_far) <= 12 + spare
    assert (await history_of(log).page(Sought(since=8 * DAY), 50, None)) == ([], None)


@pytest.mark.parametrize("limit", [1, 7, 500])
async def test_pages_neither_repeat_nor_leave_out(history_of: Make, limit: int) -> None:
    """Wherever one ends within a record; newest first."""
    batches = [[entry(f"{n}-{k}", 10.0 * n + k) for k in range(5)] for n in range(40)]
    history = history_of(Log(batches, first=3))
    seen: list[str | None] = []
    before: Place | None = None
    while True:
        found, before = await history.page(Sought(q="-3"), limit, before)
        seen += [each.id for _, _, each in found]
        if before is None:
            break
    assert seen == [f"{n}-3" for n in reversed(range(40))]
