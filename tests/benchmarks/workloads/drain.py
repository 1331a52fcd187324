"""A backlog, and one, two and four processes of one group that work it off."""

import contextlib

from tests.benchmarks.accepted import count
from tests.benchmarks.arithmetic import Rounds, percentile
from tests.benchmarks.bench import Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.report import number, with_spread
from tests.benchmarks.running import running

PROCESSES = (1, 2, 4)
DRAIN_SECONDS = 240.0
QUICK_DRAIN_SECONDS = 20.0
IN_FLIGHT = 64
LATENCY = 0.1
RECORDS = (100_000, 6_000)
SLOW_RECORDS = (25_000, 2_000)
# The first and the last few do not count: some processes are not yet, or no longer at work.
BEGIN, END = 0.05, 0.95


async def processes(bench: Bench) -> None:
    """Bound by the processor, then by the destinations' latency."""
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
    rates: dict[int, dict[int, float]] = {several: {} for several in PROCESSES}
    repeats = dict.fromkeys(PROCESSES, 0)
    for turn in range(bench.rounds):
        for several in PROCESSES:
            limit = QUICK_DRAIN_SECONDS if bench.quick else DRAIN_SECONDS
            if not bench.time_for(15):
                bench.report.say(f"{several} processes: not run: the time is up")
                continue
            bench.report.doing(f"drain {behaviour}, round {turn + 1}: {several} processes")
            topic = await bench.topic_for(behaviour, sent=sent)
            try:
                rate, again = await _time(bench, topic, several, limit)
            except WrongError as error:
                bench.report.fault(f"{several} processes, /{behaviour}: {error}", error.notes)
                continue
            rates[several][turn] = rate
            repeats[several] += again
    base = Rounds(rates[PROCESSES[0]])
    rows = [
        [
            str(several),
            with_spread(Rounds(rates[several])),
            number(Rounds(rates[several]).ratio(base), 2),
            number(repeats[several]),
        ]
        for several in PROCESSES
    ]
    bench.report.table(("processes", "deliveries/s", "of one", "repeats"), rows)


async def _time(bench: Bench, topic: Topic, several: int, limit: float) -> tuple[float, int]:
    """Deliveries a second over the middle of the backlog, and repeats.

    Raises:
        WrongError: It was not delivered in full in time.
    """
    await bench.sink.reset(topic.sent)
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
        await bench.sink.until(lambda now: now.distinct >= topic.sent, limit)
    accepted = await bench.sink.accepted()
    found = count(accepted, sent=topic.sent, due=range(topic.sent))
    if found.fault:
        raise WrongError(f"after {limit:.0f} s, {found.fault}")
    begin, end = (percentile(accepted.times, share) for share in (BEGIN, END))
    return (END - BEGIN) * len(accepted.times) / (end - begin) * 1e6, found.repeats
