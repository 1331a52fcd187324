"""How long a notification takes: alone, beside a hung destination, and the API under full load."""

import asyncio
import time
from functools import partial

from tests.benchmarks.arithmetic import Rounds, percentile
from tests.benchmarks.bench import DESTINATIONS, Bench, WrongError
from tests.benchmarks.competitors import Competitor, Service
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.running import running
from tests.benchmarks.steady import Stream, latencies
from tests.benchmarks.turns import Case, Turns, in_turn

OVERHEAD_SECONDS = 6.0  # to start and to stop

STEADY_RATE = 200.0
DEFAULT_IN_FLIGHT = 1000

HUNG_RATE = 500.0
HUNG_DESTINATIONS = 10
# Few enough to be full of what the hung destination does not answer, in the first seconds.
HUNG_IN_FLIGHT = 256

STATS_IN_FLIGHT = 256
STATS_INTERVAL = 0.05
STATS_RECORDS = (600_000, 80_000)


async def steady(bench: Bench) -> None:
    """From publish to accepted, 200 a second."""
    urls = [bench.sink.url("instant", number) for number in range(DESTINATIONS)]
    warm, measured = (1.0, 3.0) if bench.quick else (5.0, 20.0)
    stream = Stream(STEADY_RATE, warm, measured, urls, range(DESTINATIONS))
    bench.report.heading(
        f"Publish to accepted, {STEADY_RATE:.0f}/s",
        f"{DESTINATIONS} destinations that answer at once; {measured:.0f} s a round.",
    )
    competitors: list[Competitor] = [Service(), *bench.peers[:1]]
    cases = [
        Case(
            competitor.title,
            partial(latencies, bench, competitor, stream, DEFAULT_IN_FLIGHT),
            stream.seconds + OVERHEAD_SECONDS,
        )
        for competitor in competitors
    ]
    rows = await in_turn(bench, "latency", cases)
    bench.report.table(("", "p50 ms", "p99 ms", "notifications"), map(_cells, rows))


async def hung(bench: Bench) -> None:
    """Ten destinations, one of which may hang."""
    warm, measured = (2.0, 4.0) if bench.quick else (5.0, 30.0)
    bench.report.heading(
        "Nine healthy destinations beside a hung one",
        f"{HUNG_RATE:.0f}/s over {HUNG_DESTINATIONS} destinations, {HUNG_IN_FLIGHT} in flight, "
        f"{measured:.0f} s a round; the healthy nine are measured.",
    )
    healthy = [bench.sink.url("instant", number) for number in range(HUNG_DESTINATIONS)]
    one_hung = [bench.sink.url("hung", 0), *healthy[1:]]

    async def case(urls: list[str]) -> list[float]:
        stream = Stream(HUNG_RATE, warm, measured, urls, range(1, HUNG_DESTINATIONS))
        return await latencies(bench, Service(), stream, HUNG_IN_FLIGHT)

    seconds = warm + measured + OVERHEAD_SECONDS
    cases = [
        Case("all healthy", partial(case, healthy), seconds),
        Case("one hung", partial(case, one_hung), seconds),
    ]
    rows = await in_turn(bench, "hung", cases)
    base = _tails(rows[0])
    cells = [[*_cells(row), number(_tails(row).ratio(base), 2)] for row in rows]
    bench.report.table(("", "p50 ms", "p99 ms", "notifications", "p99 of all healthy"), cells)


async def stats(bench: Bench) -> None:
    """``GET /stats`` while the worker does all it can."""
    warm, measured = (1.0, 3.0) if bench.quick else (4.0, 15.0)
    bench.report.heading(
        f"`GET /stats` at full load, {STATS_IN_FLIGHT} in flight",
        f"Asked every {STATS_INTERVAL * 1000:.0f} ms on one connection, {measured:.0f} s a round.",
    )
    rates: list[float] = []
    ask = partial(_ask, bench, warm, measured, rates)
    case = Case("`GET /stats`", ask, warm + measured + OVERHEAD_SECONDS)
    [row] = await in_turn(bench, "stats", [case])
    meanwhile = with_spread(Rounds(dict(enumerate(rates))))
    columns = ("", "p50 ms", "p99 ms", "requests", "deliveries/s meanwhile")
    bench.report.table(columns, [[*_cells(row), meanwhile]])


async def _ask(bench: Bench, warm: float, measured: float, rates: list[float]) -> list[float]:
    """Seconds that each answer took; what was delivered meanwhile is added to ``rates``."""
    topic = await bench.filled_topic("instant", sent=bench.size(*STATS_RECORDS))
    await bench.sink.reset(topic.sent)
    async with running(bench, Service(), topic, STATS_IN_FLIGHT) as run:
        await run.fill(topic)
        await bench.sink.until(lambda now: now.distinct > 0, seconds=30)
        await asyncio.sleep(warm)
        before = await bench.sink.progress()
        sample = []
        end = time.monotonic() + measured
        while time.monotonic() < end:
            asked = time.monotonic()
            await run.stats()
            sample.append(time.monotonic() - asked)
            await asyncio.sleep(STATS_INTERVAL)
        after = await bench.sink.progress()
    if after.distinct >= topic.sent:
        raise WrongError("everything was delivered before the time was over")
    rates.append((after.distinct - before.distinct) / (after.at - before.at))
    return sample


def _cells(row: Turns[list[float]]) -> list[str]:
    """The label, median and 99th percentile in milliseconds, and of how many."""
    if not row.found:
        return [row.label, "–", "–", "0"]
    middles = row.rounds(lambda sample: percentile(sample, 0.5) * 1000)
    counted = sum(map(len, row.found.values()))
    return [row.label, with_spread(middles, 1), with_spread(_tails(row), 1), number(counted)]


def _tails(row: Turns[list[float]]) -> Rounds:
    """The 99th percentiles in milliseconds."""
    return row.rounds(lambda sample: percentile(sample, 0.99) * 1000)
