"""Beside the version before: the same questions to both, in one run, in turns.

Both run with the same libraries, on the same core. Where nothing is said of it they take turns as
in ``interleaved``: one goes on while the other is stopped.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.benchmarks.accepted import Accepted
from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.bench import DESTINATIONS, PARTITIONS, Bench, WrongError
from tests.benchmarks.competitors import Competitor, Service
from tests.benchmarks.kafka import publish
from tests.benchmarks.messages import record
from tests.benchmarks.report import NOTHING, milliseconds, number
from tests.benchmarks.running import Run, running
from tests.benchmarks.workloads.dead import DEFAULT_IN_FLIGHT, refusing_port
from tests.benchmarks.workloads.interleaved import (
    RECORDS,
    SETTLING_SECONDS,
    all_stopped,
    in_turns,
)
from tests.support.previous import PREVIOUS, unpack_previous

IDLE_IN_FLIGHT = 64
IDLE_SECONDS = (24, 4)
IDLE_RECORDS = (30_000, 8_000)
WARM_SECONDS = 3.0

STATS_IN_FLIGHT = 256
STATS_INTERVAL = 0.02
STATS_SLOTS = (14, 3)
STATS_SLOT_SECONDS = 1.5

DEAD = (200_000, 20_000)
DEAD_SLOT_SECONDS = 2.0
PASS_SECONDS = (240.0, 30.0)
FIRST_SECONDS = 60.0


@dataclass
class Idler:
    """A version that is mostly idle.

    Attributes:
        numbers: Of its destinations.
        used: Its processor seconds at the ends of the slots.
    """

    title: str
    run: Run
    numbers: range
    used: list[float] = field(default_factory=list)


@dataclass
class Asked:
    """A version that is asked for its figures while it does all it can.

    Attributes:
        seconds: How long each answer took.
        rates: Deliveries a second, slot by slot.
    """

    title: str
    run: Run
    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


@dataclass
class Burdened:
    """A version that has very much for a dead destination.

    Attributes:
        left: What healthy destinations have not yet accepted from behind it.
        seconds: For which it ran until they had.
        costs: Processor microseconds for each that was put aside, slot by slot.
        rates: So many were put aside a second.
    """

    title: str
    run: Run
    left: int = PARTITIONS
    seconds: float = 0.0
    costs: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


async def beside(bench: Bench) -> None:
    """Mostly idle, asked at full load, and behind a dead destination."""
    if bench.brief or not bench.kafka.real:
        bench.report.say("(previous: not run: on real Kafka, and in a quick run only by its name)")
        return
    older = await asyncio.to_thread(unpack_previous, bench.folder / bench.new_name(PREVIOUS))
    await _idle(bench, older)
    await _stats(bench, older)
    await _dead(bench, older)


def _versions(older: dict[str, str]) -> list[Competitor]:
    return [Service(older, title=f"commit {PREVIOUS}"), Service(title="now")]


async def _idle(bench: Bench, older: dict[str, str]) -> None:
    seconds = IDLE_SECONDS[bench.quick]
    bench.report.heading(
        f"Mostly idle, beside commit {PREVIOUS}",
        f"Sink answers in 100 ms, {IDLE_IN_FLIGHT} in flight, {DESTINATIONS} destinations. Both at "
        f"once, for {seconds} s; medians of a second, and the middle half.",
    )
    sent = bench.size(*IDLE_RECORDS)
    await bench.sink.reset(0)
    idlers: list[Idler] = []
    async with contextlib.AsyncExitStack() as stack:
        for place, version in enumerate(_versions(older)):
            numbers = range(place * DESTINATIONS, (place + 1) * DESTINATIONS)
            value = bench.spread("slow/100", numbers)
            topic = await bench.new_topic("idle", sent=sent, value=value)
            await bench.fill(topic)
            bench.report.doing(f"mostly idle: starting {version.title}")
            run = await stack.enter_async_context(running(bench, version, topic, IDLE_IN_FLIGHT))
            idlers.append(Idler(version.title, run, numbers))
        for idler in idlers:
            await idler.run.ready()
        await asyncio.sleep(WARM_SECONDS)
        bench.report.doing("mostly idle: measuring")
        ends = []
        for _ in range(seconds + 1):
            for idler in idlers:
                idler.run.check()
                idler.used.append(idler.run.process.precise_seconds())
            ends.append(time.time_ns() // 1000)
            await asyncio.sleep(1.0)
        accepted = await bench.sink.accepted()
    bench.report.table(
        ("", "processor µs of a delivery", "middle half", "deliveries/s"),
        [_idle_cells(idler, ends, accepted) for idler in idlers],
    )


def _idle_cells(idler: Idler, ends: Sequence[int], accepted: Accepted) -> list[str]:
    pairs = zip(accepted.times, accepted.destinations, strict=True)
    times = [at for at, destination in pairs if destination in idler.numbers]
    costs, rates = [], []
    for slot, (begin, end) in enumerate(pairwise(ends)):
        count = sum(begin <= at < end for at in times)
        if not count:
            raise WrongError(f"{idler.title}: nothing arrived for a second")
        costs.append((idler.used[slot + 1] - idler.used[slot]) / count * 1e6)
        rates.append(count / (end - begin) * 1e6)
    return [idler.title, *_middle(costs), number(percentile(rates, 0.5))]


async def _stats(bench: Bench, older: dict[str, str]) -> None:
    bench.report.heading(
        f"`GET /stats` at full load, beside commit {PREVIOUS}",
        f"Sink answers at once, {STATS_IN_FLIGHT} in flight; slots of {STATS_SLOT_SECONDS:g} s in "
        f"turn, asked every {STATS_INTERVAL * 1000:.0f} ms.",
    )
    topic = await bench.filled_topic("instant", sent=bench.size(*RECORDS))
    await bench.sink.reset(topic.sent)
    versions = _versions(older)
    async with all_stopped(bench, topic, versions, STATS_IN_FLIGHT, _delivering) as runs:
        asked = [Asked(each.title, run) for each, run in zip(versions, runs, strict=True)]
        bench.report.doing("stats: taking turns")
        for each in in_turns(asked, STATS_SLOTS[bench.quick]):
            await _ask(bench, each)
    bench.report.table(
        ("", "p50 ms", "p99 ms", "requests", "deliveries/s meanwhile"),
        [
            [
                each.title,
                milliseconds(percentile(each.seconds, 0.5)),
                milliseconds(percentile(each.seconds, 0.99)),
                number(len(each.seconds)),
                number(percentile(each.rates, 0.5)),
            ]
            for each in asked
        ],
    )


async def _delivering(bench: Bench, run: Run, _: Competitor) -> None:
    before = (await bench.sink.progress()).requests
    await bench.sink.until(lambda now: now.requests > before, FIRST_SECONDS)
    await run.ready()
    await asyncio.sleep(WARM_SECONDS)


async def _ask(bench: Bench, asked: Asked) -> None:
    asked.run.process.resume()
    await asyncio.sleep(SETTLING_SECONDS)
    before = await bench.sink.progress()
    end = time.monotonic() + STATS_SLOT_SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        await asked.run.stats()
        asked.seconds.append(time.monotonic() - began)
        await asyncio.sleep(STATS_INTERVAL)
    after = await bench.sink.progress()
    asked.run.process.pause()
    asked.run.check()
    if after.requests == before.requests:
        raise WrongError(f"{asked.title}: there was nothing left to deliver")
    asked.rates.append((after.requests - before.requests) / (after.at - before.at))


async def _dead(bench: Bench, older: dict[str, str]) -> None:
    dead = bench.size(*DEAD)
    bench.report.heading(
        f"Behind a dead destination, beside commit {PREVIOUS}",
        f"{dead:,} notifications to a port that refuses, then one to a healthy destination on "
        f"every partition; {DEFAULT_IN_FLIGHT:,} in flight, slots of {DEAD_SLOT_SECONDS:g} s in "
        "turn. Put aside is what stands in the retry topics; the last column is how long a version "
        "ran until the healthy ones had got past.",
    )
    versions = _versions(older)
    with refusing_port() as port:
        now = time.time_ns() // 1000
        healthy = [bench.sink.url("instant", each) for each in range(PARTITIONS)]

        def value(each: int) -> bytes:
            url = f"http://127.0.0.1:{port}/dead" if each < dead else healthy[each - dead]
            return record(each, url, now)

        topic = await bench.new_topic("dead", sent=dead + PARTITIONS, value=value)
        bench.report.doing(f"dead: writing {dead:,}")
        where = bench.kafka.bootstrap
        await asyncio.to_thread(publish, where, topic.name, topic.values, topic.partitions)
        await bench.sink.reset(topic.sent)
        async with all_stopped(bench, topic, versions, DEFAULT_IN_FLIGHT, _joined) as runs:
            burdened = [Burdened(each.title, run) for each, run in zip(versions, runs, strict=True)]
            bench.report.doing("dead: taking turns")
            deadline = time.monotonic() + PASS_SECONDS[bench.quick]
            while (going := [each for each in burdened if each.left > 0]) and (
                time.monotonic() < deadline
            ):
                for each in going:
                    await _carry(bench, each)
    bench.report.table(
        (
            "",
            "put aside a second",
            "processor µs of each",
            "middle half",
            "seconds until others got past",
        ),
        [_dead_cells(each) for each in burdened],
    )


async def _joined(_: Bench, run: Run, __: Competitor) -> None:
    await run.ready()
    run.process.pause()  # at once: what is put aside before its turn does not count


async def _carry(bench: Bench, burdened: Burdened) -> None:
    """Let one go on for a slot."""
    process, put_aside = burdened.run.process, f"{burdened.run.job.group}.retry."
    accepted = (await bench.sink.progress()).accepted
    begin = time.monotonic()
    process.resume()
    await asyncio.sleep(SETTLING_SECONDS)
    first, used, since = (
        await bench.kafka.written(put_aside),
        process.precise_seconds(),
        time.monotonic(),
    )
    await bench.sink.until(lambda now: now.accepted - accepted >= burdened.left, DEAD_SLOT_SECONDS)
    count = await bench.kafka.written(put_aside) - first
    used, seconds = process.precise_seconds() - used, time.monotonic() - since
    process.pause()
    burdened.seconds += time.monotonic() - begin
    burdened.run.check()
    burdened.left -= (await bench.sink.progress()).accepted - accepted
    if burdened.left > 0 and count:
        burdened.rates.append(count / seconds)
        burdened.costs.append(used / count * 1e6)


def _dead_cells(burdened: Burdened) -> list[str]:
    if not burdened.rates:
        return [burdened.title, *[NOTHING] * 4]
    more = "> " if burdened.left > 0 else ""
    return [
        burdened.title,
        number(percentile(burdened.rates, 0.5)),
        *_middle(burdened.costs),
        more + number(burdened.seconds, 1),
    ]


def _middle(costs: Sequence[float]) -> tuple[str, str]:
    low, middle, high = (percentile(costs, share) for share in (0.25, 0.5, 0.75))
    return number(middle, 1), f"{number(low, 1)}…{number(high, 1)}"
