"""What a delivery costs as the work grows, and what a waiting notification costs."""

import asyncio

from tests.benchmarks.arithmetic import Rounds
from tests.benchmarks.bench import DESTINATIONS, PARTITIONS, Bench, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import publish
from tests.benchmarks.measuring import Window, measure
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.running import running

FULL = Window(warm=3.0, measured=8.0)
QUICK = Window(warm=1.0, measured=1.5)
IN_FLIGHT = 64
RECORDS = (200_000, 20_000)
MANY_DESTINATIONS = (10, 100, 1000)
MANY_PARTITIONS = (1, 12, 100)

WAITING = (20_000, 3_000)
WARM_NOTIFICATIONS = 1_000
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
    cases = [(destinations, PARTITIONS) for destinations in MANY_DESTINATIONS]
    cases += [(DESTINATIONS, partitions) for partitions in MANY_PARTITIONS]
    costs: dict[tuple[int, int], dict[int, float]] = {case: {} for case in cases}
    rates: dict[tuple[int, int], dict[int, float]] = {case: {} for case in cases}
    window = QUICK if bench.quick else FULL
    for turn in range(bench.rounds):
        for case in cases:
            destinations, partitions = case
            if not bench.time_for(window.seconds + 6):
                bench.report.say(f"{destinations}, {partitions}: not run: the time is up")
                continue
            bench.report.doing(f"cost, round {turn + 1}: {destinations}, {partitions}")
            topic = await bench.filled_topic(
                "instant",
                sent=bench.size(*RECORDS),
                destinations=destinations,
                partitions=partitions,
            )
            try:
                found = await measure(bench, Service(), topic, IN_FLIGHT, window)
            except WrongError as error:
                bench.report.fault(f"cost, {destinations}, {partitions}: {error}", error.notes)
                continue
            rates[case][turn] = found.rate
            if found.cost is not None:
                costs[case][turn] = found.cost * 100  # microseconds each
    rows = [
        [*map(str, case), with_spread(Rounds(costs[case]), 1), with_spread(Rounds(rates[case]))]
        for case in cases
    ]
    columns = ("destinations", "partitions", "processor µs per delivery", "deliveries/s")
    bench.report.table(columns, rows)


async def per_waiting(bench: Bench) -> None:
    """Notifications taken and not yet answered, none of them settled."""
    waiting = bench.size(*WAITING)
    bench.report.heading(
        "Memory per waiting notification",
        f"After {WARM_NOTIFICATIONS:,} deliveries, {waiting:,} notifications to {DESTINATIONS} "
        "destinations that never answer, all of them in flight.",
    )
    if not bench.time_for(20):
        bench.report.say("Not run: the time is up.")
        return
    warm = await bench.topic_for("instant", sent=WARM_NOTIFICATIONS)
    hung = map(bench.spread("hung"), range(waiting))
    # Twice as many as will wait, so that nothing is put aside; nothing times out meanwhile.
    service = Service({"NOTIFIER_WEBHOOK__TIMEOUT": "600", "NOTIFIER_WORKER__DRAIN_TIMEOUT": "0"})
    await bench.sink.reset(WARM_NOTIFICATIONS)
    async with running(bench, service, warm, 2 * waiting) as run:
        await run.ready()
        where = await run.bootstrap()
        await asyncio.to_thread(publish, where, warm.name, warm.values, warm.partitions)
        await bench.sink.until(lambda now: now.distinct >= WARM_NOTIFICATIONS, WAITING_SECONDS)
        before = run.process.memory()
        await asyncio.to_thread(publish, where, warm.name, hung, warm.partitions)
        if not await run.until(lambda stats: stats["in_flight"] >= waiting, WAITING_SECONDS):
            in_flight = (await run.stats())["in_flight"]
            raise WrongError(f"{in_flight} of {waiting} are in flight")
        after = run.process.memory()
    each = (after - before) / waiting
    row = [number(before / 1e6), number(after / 1e6), number(each)]
    bench.report.table(("MB before", "MB with all waiting", "bytes each"), [row])
