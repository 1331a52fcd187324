"""Deliveries a second and their cost, side by side with the peers."""

from collections.abc import Sequence
from functools import partial

from tests.benchmarks.arithmetic import Rounds
from tests.benchmarks.bench import DESTINATIONS, Bench, Topic
from tests.benchmarks.competitors import BASE, Competitor, Service
from tests.benchmarks.measuring import Measured, Window, measure
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.turns import Case, Turns, in_turn

FULL = Window(warm=3.0, measured=6.0)
QUICK = Window(warm=1.0, measured=2.0)
OVERHEAD_SECONDS = 5.0  # to start and to stop
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
    "checked",
    "repeats",
)


async def instant(bench: Bench) -> None:
    """A sink that answers at once."""
    topic = await bench.filled_topic("instant", sent=bench.size(*RECORDS))
    for in_flight in (64,) if bench.brief else (64, 256):
        bench.report.heading(
            f"Sink answers at once, {in_flight} in flight",
            f"{DESTINATIONS} destinations, {topic.partitions} partitions.",
        )
        await side_by_side(bench, topic, in_flight)


async def slow(bench: Bench) -> None:
    """A sink that takes 100 ms."""
    behaviour = f"slow/{LATENCY * 1000:.0f}"
    topic = await bench.filled_topic(behaviour, sent=bench.size(*SLOW_RECORDS))
    for in_flight in (1000,) if bench.brief else (64, 256, 1000):
        limit = in_flight / LATENCY
        bench.report.heading(
            f"Sink answers in {LATENCY * 1000:.0f} ms, {in_flight} in flight",
            f"{DESTINATIONS} destinations; the limit is {limit:,.0f}/s.",
        )
        await side_by_side(bench, topic, in_flight, limit)


async def faulty(bench: Bench) -> None:
    """A sink with faults."""
    topic = await bench.filled_topic(f"faulty/{FAULT_SEED}", sent=bench.size(*RECORDS))
    bench.report.heading(
        "Sink with faults, 256 in flight",
        "Of the first two attempts each, 3 % are answered with 503, 3 % are reset and 3 % take "
        f"half a second (seed {FAULT_SEED}); further attempts are accepted at once.",
    )
    await side_by_side(bench, topic, 256)


async def side_by_side(
    bench: Bench, topic: Topic, in_flight: int, limit: float | None = None
) -> None:
    """Measure the service and its peers in turn, and print the table.

    Args:
        bench: Everything around them.
        topic: Filled before.
        in_flight: Deliveries under way at once, at most.
        limit: Deliveries a second that are possible, where something else than they limits them.
    """
    window = QUICK if bench.quick else FULL
    competitors = _competitors(bench, in_flight)
    cases = [
        Case(
            competitor.title,
            partial(measure, bench, competitor, topic, in_flight, window),
            window.of(competitor).seconds + OVERHEAD_SECONDS,
        )
        for competitor in competitors
    ]
    rows = await in_turn(bench, f"{topic.name}, {in_flight} in flight", cases)
    names = [competitor.name for competitor in competitors]
    base = rows[names.index(BASE)].rounds(_rate)
    columns = [*COLUMNS, "of the limit"] if limit else COLUMNS
    bench.report.table(columns, [_cells(row, base, limit) for row in rows])


def _competitors(bench: Bench, in_flight: int) -> list[Competitor]:
    """The service and its peers; only the bare loop where time is short."""
    peers: Sequence[Competitor] = bench.peers[:1] if bench.brief else bench.peers
    # One at a time is the same with any number in flight: once is enough.
    once = [peer for peer in peers if in_flight == 64 or not peer.one_at_a_time]
    return [Service(), *once]


def _cells(row: Turns[Measured], base: Rounds, limit: float | None) -> list[str]:
    if not row.found:
        return [row.label, *["–"] * (len(COLUMNS) - 1 + bool(limit))]
    rates = row.rounds(_rate)
    cells = [
        row.label,
        with_spread(rates),
        number(rates.ratio(base), 2),
        with_spread(row.rounds(lambda each: each.cost), 2),
        _shares([each.worker for each in row.found.values()]),
        _shares([each.sink for each in row.found.values()]),
        number(sum(each.count.due for each in row.found.values())),
        number(sum(each.count.repeats for each in row.found.values())),
    ]
    if limit:
        cells.append(number(rates.median / limit, 2))
    return cells


def _rate(measured: Measured) -> float:
    return measured.rate


def _shares(shares: Sequence[tuple[float, float]]) -> str:
    """Those of the round in which the core was busiest."""
    own, core = max(shares, key=lambda pair: pair[1])
    return f"{own:.0%} / {core:.0%}"
