"""What a delivery costs as the work grows, and what a waiting notification costs."""

import asyncio
from functools import partial

from tests.benchmarks.bench import DESTINATIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import publish
from tests.benchmarks.measuring import Measured, Window, measure
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.running import Run, running
from tests.benchmarks.turns import NO_TIME, Case, in_turn

FULL = Window(warm=3.0, measured=8.0)
QUICK = Window(warm=1.0, measured=1.5)
OVERHEAD_SECONDS = 5.0  # to start and to stop
IN_FLIGHT = 64
RECORDS = (200_000, 20_000)
# Destinations and partitions.
SHAPES = ((10, 12), (100, 12), (1000, 12), (64, 1), (64, 12), (64, 100))
BRIEF_SHAPES = ((10, 12), (1000, 12), (64, 100))

WAITING = (50_000, 5_000)
ACTIVE = 2_000  # more than there are connections: 16 for each destination
WAITING_SECONDS = 60.0


async def per_delivery(bench: Bench) -> None:
    """At 10, 100 and 1,000 destinations; at 1, 12 and 100 partitions."""
    bench.report.heading(
        "Cost as the work grows",
        f"Sink answers at once, {IN_FLIGHT} in flight; processor time of the service.",
    )
    if not bench.kafka.real:
        bench.report.say("Not run: needs real Kafka.")
        return
    shapes = BRIEF_SHAPES if bench.brief else SHAPES
    window = QUICK if bench.quick else FULL
    cases = [
        Case(
            f"{destinations} destinations, {partitions} partitions",
            partial(_measure, bench, destinations, partitions, window),
            window.seconds + OVERHEAD_SECONDS,
        )
        for destinations, partitions in shapes
    ]
    rows = await in_turn(bench, "cost", cases)
    bench.report.table(
        ("", "processor µs per delivery", "deliveries/s"),
        [
            [
                row.label,
                with_spread(row.rounds(_microseconds), 1),
                with_spread(row.rounds(lambda each: each.rate)),
            ]
            for row in rows
        ],
    )


async def _measure(bench: Bench, destinations: int, partitions: int, window: Window) -> Measured:
    topic = await bench.filled_topic(
        "instant", sent=bench.size(*RECORDS), destinations=destinations, partitions=partitions
    )
    return await measure(bench, Service(), topic, IN_FLIGHT, window)


def _microseconds(measured: Measured) -> float | None:
    return None if measured.cost is None else measured.cost * 100


async def per_waiting(bench: Bench) -> None:
    """Notifications taken and not yet answered, none of them settled."""
    waiting = bench.size(*WAITING)
    bench.report.heading(
        "Memory per waiting notification",
        f"{ACTIVE:,} notifications to {DESTINATIONS} destinations that never answer keep all "
        f"connections busy; {waiting:,} more wait behind them, all of them in flight.",
    )
    if not bench.time_for(OVERHEAD_SECONDS):
        bench.report.say(f"({NO_TIME})")
        return
    sent = ACTIVE + waiting
    topic = await bench.topic_for("hung", sent=sent)
    # Nothing times out meanwhile, and the window is never so full that some are put aside.
    service = Service({"NOTIFIER_WEBHOOK__TIMEOUT": "600"})
    await bench.sink.reset(sent)
    async with running(bench, service, topic, 2 * sent) as run:
        await run.ready()
        before = await _hold(run, topic, range(ACTIVE))
        after = await _hold(run, topic, range(ACTIVE, sent))
    row = [number(before / 1e6), number(after / 1e6), number((after - before) / waiting)]
    bench.report.table(("MB before", "MB with all waiting", "bytes each"), [row])


async def _hold(run: Run, topic: Topic, numbers: range) -> int:
    """Publish so many, and return the bytes of memory once all up to the last are in flight."""
    where = await run.bootstrap()
    values = map(topic.value, numbers)
    await asyncio.to_thread(publish, where, topic.name, values, topic.partitions)
    if not await run.until(lambda stats: stats["in_flight"] >= numbers.stop, WAITING_SECONDS):
        in_flight = (await run.stats())["in_flight"]
        raise WrongError(f"{in_flight} of {numbers.stop} are in flight")
    return run.process.memory()
