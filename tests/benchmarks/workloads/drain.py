"""A backlog, and one, two and four processes of one group that work it off."""

import contextlib
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.accepted import count
from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.bench import Bench, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.running import running
from tests.benchmarks.turns import Case, in_turn

PROCESSES = (1, 2, 4)
DRAIN_SECONDS = 240.0
QUICK_DRAIN_SECONDS = 20.0
CASE_SECONDS = 10.0
IN_FLIGHT = 64
LATENCY = 0.1
RECORDS = (100_000, 6_000)
SLOW_RECORDS = (25_000, 2_000)
# The first and the last few do not count: some processes are not yet, or no longer at work.
BEGIN, END = 0.05, 0.95


@dataclass(frozen=True)
class Drained:
    """Deliveries a second over the middle of the backlog, and repeats."""

    rate: float
    repeats: int


async def processes(bench: Bench) -> None:
    """Bound by the processor, then by the destinations' latency."""
    if not bench.brief:
        await _drain(
            bench,
            "instant",
            bench.size(*RECORDS),
            f"Sink answers at once, {IN_FLIGHT} in flight each: bound by the processor.",
        )
    await _drain(
        bench,
        f"slow/{LATENCY * 1000:.0f}",
        bench.size(*SLOW_RECORDS),
        f"Sink answers in {LATENCY * 1000:.0f} ms, {IN_FLIGHT} in flight each: the limit is "
        f"{IN_FLIGHT / LATENCY:,.0f}/s a process.",
    )


async def _drain(bench: Bench, behaviour: str, sent: int, text: str) -> None:
    cores = ", ".join(map(str, sorted(bench.cores.workers)))
    bench.report.heading(
        f"Backlog drained by several processes (/{behaviour})",
        f"{text} {sent:,} notifications, published when all have joined; the processes run on "
        f"cores {cores}.",
    )
    if not bench.kafka.real:
        bench.report.say("Not run: needs real Kafka.")
        return
    limit = QUICK_DRAIN_SECONDS if bench.quick else DRAIN_SECONDS
    cases = [
        Case(str(several), partial(_time, bench, behaviour, sent, several, limit), CASE_SECONDS)
        for several in PROCESSES
    ]
    rows = await in_turn(bench, f"drain /{behaviour}", cases)
    base = rows[0].rounds(_rate)
    bench.report.table(
        ("processes", "deliveries/s", "of one", "repeats"),
        [
            [
                row.label,
                with_spread(row.rounds(_rate)),
                number(row.rounds(_rate).ratio(base), 2),
                number(sum(each.repeats for each in row.found.values())),
            ]
            for row in rows
        ],
    )


async def _time(bench: Bench, behaviour: str, sent: int, several: int, limit: float) -> Drained:
    """Let several processes drain a new backlog.

    Raises:
        WrongError: It was not delivered in full in time.
    """
    topic = await bench.topic_for(behaviour, sent=sent)
    await bench.sink.reset(sent)
    group = bench.new_name("drain")
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(several):
            worker = running(
                bench, Service(), topic, IN_FLIGHT, group=group, on=bench.cores.workers
            )
            run = await stack.enter_async_context(worker)
            await run.ready()
        await bench.kafka.until_members(group, several)
        await bench.fill(topic)
        await bench.sink.until(lambda now: now.distinct >= sent, limit)
    accepted = await bench.sink.accepted()
    found = count(accepted, sent=sent, due=range(sent))
    if found.fault:
        raise WrongError(f"after {limit:.0f} s, {found.fault}")
    begin, end = (percentile(accepted.times, share) for share in (BEGIN, END))
    return Drained((END - BEGIN) * len(accepted.times) / (end - begin) * 1e6, found.repeats)


def _rate(drained: Drained) -> float:
    return drained.rate
