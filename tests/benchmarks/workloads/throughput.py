"""Deliveries a second and their cost, side by side with the peers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.arithmetic import Rounds
from tests.benchmarks.bench import DESTINATIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import BASE, Competitor, Service
from tests.benchmarks.measuring import Measured, Window, measure
from tests.benchmarks.report import number, with_spread

FULL = Window(warm=4.0, measured=10.0)
QUICK = Window(warm=1.0, measured=2.0)
OVERHEAD_SECONDS = 6.0  # to start and to stop
LATENCY = 0.1
FAULT_SEED = 7
RECORDS = (600_000, 80_000)
SLOW_RECORDS = (250_000, 40_000)
COLUMNS = (
    "",
    "deliveries/s",
    "of bare",
    "processor s per 10,000",
    "worker / its core",
    "sink / its core",
    "repeats",
)


@dataclass
class Row:
    """One competitor's measurements, by round, and what went wrong."""

    competitor: Competitor
    measured: dict[int, Measured] = field(default_factory=dict)
    fault: str = ""

    @property
    def rates(self) -> Rounds:
        """Deliveries a second."""
        return Rounds({number: each.rate for number, each in self.measured.items()})


async def instant(bench: Bench) -> None:
    """A sink that answers at once."""
    topic = await bench.filled_topic("instant", sent=bench.size(*RECORDS))
    for in_flight in (64, 256):
        bench.report.heading(
            f"Sink answers at once, {in_flight} in flight",
            f"{DESTINATIONS} destinations, {topic.partitions} partitions.",
        )
        everybody = not bench.quick or in_flight == 64
        await side_by_side(bench, _competitors(bench, in_flight, everybody), topic, in_flight)


async def slow(bench: Bench) -> None:
    """A sink that takes 100 ms."""
    topic = await bench.filled_topic(f"slow/{LATENCY * 1000:.0f}", sent=bench.size(*SLOW_RECORDS))
    for in_flight in (64, 256, 1000):
        limit = in_flight / LATENCY
        bench.report.heading(
            f"Sink answers in {LATENCY * 1000:.0f} ms, {in_flight} in flight",
            f"{DESTINATIONS} destinations; the limit is {limit:,.0f}/s.",
        )
        everybody = not bench.quick or in_flight == 1000
        competitors = _competitors(bench, in_flight, everybody and not bench.quick)
        await side_by_side(bench, competitors, topic, in_flight, limit=limit)


async def faulty(bench: Bench) -> None:
    """A sink with faults."""
    topic = await bench.filled_topic(f"faulty/{FAULT_SEED}", sent=bench.size(*RECORDS))
    bench.report.heading(
        "Sink with faults, 256 in flight",
        "Of the first two attempts each, 3 % are answered with 503, 3 % are reset and 3 % take "
        f"half a second (seed {FAULT_SEED}); further attempts are accepted at once.",
    )
    await side_by_side(bench, _competitors(bench, 256, not bench.quick), topic, 256)


def _competitors(bench: Bench, in_flight: int, everybody: bool) -> list[Competitor]:
    """The service and its peers; only the bare loop where time is short."""
    peers: Sequence[Competitor] = bench.peers if everybody else bench.peers[:1]
    # Its own way has no number in flight: once is enough.
    once = [peer for peer in peers if in_flight == 64 or not peer.one_at_a_time]
    return [Service(), *once]


async def side_by_side(
    bench: Bench,
    competitors: Sequence[Competitor],
    topic: Topic,
    in_flight: int,
    limit: float | None = None,
) -> None:
    """Measure each in turn, round by round, and print the table.

    Each round begins with another one, so that nobody always has the same predecessor.
    """
    window = QUICK if bench.quick else FULL
    rows = [Row(competitor) for competitor in competitors]
    for turn in range(bench.rounds):
        start = turn % len(rows)
        for row in rows[start:] + rows[:start]:
            await _measure(bench, row, topic, in_flight, window, turn)
    base = next(row.rates for row in rows if row.competitor.name == BASE)
    columns = [*COLUMNS, "of the limit"] if limit else COLUMNS
    bench.report.table(columns, [_cells(row, base, limit) for row in rows])


async def _measure(
    bench: Bench, row: Row, topic: Topic, in_flight: int, window: Window, turn: int
) -> None:
    who = row.competitor
    if not bench.time_for(window.of(who).seconds + OVERHEAD_SECONDS):
        row.fault = row.fault or "not run: the time is up"
        return
    bench.report.doing(f"{topic.name}, {in_flight} in flight, round {turn + 1}: {who.title}")
    try:
        row.measured[turn] = await measure(bench, who, topic, in_flight, window)
    except WrongError as error:
        row.fault = f"WRONG: {error}"
        where = f"{who.title}, {topic.name}, {in_flight} in flight"
        bench.report.fault(f"{where}: {error}", error.notes)


def _cells(row: Row, base: Rounds, limit: float | None) -> list[str]:
    title = row.competitor.title + (f" ({row.fault})" if row.fault else "")
    found = row.measured
    if not found:
        return [title, *["–"] * (len(COLUMNS) - 1 + bool(limit))]
    costs = Rounds({turn: each.cost for turn, each in found.items() if each.cost is not None})
    cells = [
        title,
        with_spread(row.rates),
        number(row.rates.ratio(base), 2),
        with_spread(costs, 2),
        _shares([each.worker for each in found.values()]),
        _shares([each.sink for each in found.values()]),
        number(sum(each.count.repeats for each in found.values())),
    ]
    if limit:
        cells.append(number(row.rates.median / limit, 2))
    return cells


def _shares(shares: Sequence[tuple[float, float]]) -> str:
    """Those of the round in which the core was busiest."""
    own, core = max(shares, key=lambda pair: pair[1])
    return f"{own:.0%} / {core:.0%}"
