"""Very many notifications behind a destination that is down: memory, and what others feel."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

from tests.benchmarks.accepted import count
from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.bench import PARTITIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import Service
from tests.benchmarks.kafka import publish, publish_steadily
from tests.benchmarks.messages import record
from tests.benchmarks.report import milliseconds, number
from tests.benchmarks.running import Run, running
from tests.benchmarks.turns import NO_TIME

STAGES = (10_000, 100_000, 1_000_000)
QUICK_STAGES = (500, 1_500, 3_000)
DEFAULT_IN_FLIGHT = 1000
HEALTHY_RATE = 100.0
HEALTHY_SECONDS = 10.0
QUICK_HEALTHY_SECONDS = 2.0
PASS_SECONDS = 900.0
QUICK_PASS_SECONDS = 10.0
LAST_SECONDS = 20.0
CASE_SECONDS = 15.0
COLUMNS = (
    "waiting",
    "memory MB",
    "seconds until others got past",
    "others' p50 ms",
    "others' p99 ms",
    "processor, of a core",
)


async def destination(bench: Bench) -> None:
    """A destination that refuses connections, and others that answer at once."""
    stages = QUICK_STAGES if bench.quick else STAGES
    seconds = QUICK_HEALTHY_SECONDS if bench.quick else HEALTHY_SECONDS
    bench.report.heading(
        "Behind a dead destination",
        "So many notifications to a closed port are published at once, then a few to healthy "
        f"destinations behind them on every partition; when those have got past, {HEALTHY_RATE:.0f}"
        f"/s to healthy ones for {seconds:.0f} s.",
    )
    if not bench.kafka.real:
        bench.report.say("Not run: needs real Kafka.")
        return
    if not bench.time_for(CASE_SECONDS):
        bench.report.say(f"({NO_TIME})")
        return
    rows: list[list[str]] = []
    with refusing_port() as port:
        flood = Flood(bench, port)
        try:
            await flood.run(stages, seconds, rows)
        finally:
            bench.report.table(COLUMNS, rows)


class Flood:
    """One run: the numbers given out so far, and which of them go to healthy destinations."""

    def __init__(self, bench: Bench, port: int) -> None:
        self._bench = bench
        self._dead = f"http://127.0.0.1:{port}/dead"
        self._healthy = [bench.sink.url("instant", number) for number in range(PARTITIONS)]
        self._numbers = 0
        self._due: list[int] = []

    async def run(self, stages: tuple[int, ...], seconds: float, rows: list[list[str]]) -> None:
        """Go through the stages, and add a row of the table for each.

        Raises:
            WrongError: A healthy destination did not get everything in time.
        """
        bench = self._bench
        total = stages[-1] + len(stages) * round(PARTITIONS + HEALTHY_RATE * seconds)
        topic = await bench.new_topic("dead", sent=total, value=self._to_healthy)
        await bench.sink.reset(total)
        async with running(bench, Service(), topic, DEFAULT_IN_FLIGHT) as run:
            await run.ready()
            waiting = 0
            for stage in stages:
                bench.report.doing(f"dead: {stage:,} waiting")
                await self._flood(run, topic, stage - waiting)
                waiting = stage
                rows.append([number(stage), *await self._stage(run, topic, seconds)])

    async def _stage(self, run: Run, topic: Topic, seconds: float) -> list[str]:
        bench = self._bench
        begin = time.monotonic()
        limit = QUICK_PASS_SECONDS if bench.quick else PASS_SECONDS
        await self._until_accepted(run, limit)
        passed = time.monotonic() - begin
        memory, used = run.process.memory(), run.process.cpu_seconds()
        begin, since = time.monotonic(), time.time_ns() // 1000
        numbers = self._take(round(HEALTHY_RATE * seconds))
        where = run.job.bootstrap
        await publish_steadily(where, topic.name, HEALTHY_RATE, topic.value, numbers)
        await self._until_accepted(run, LAST_SECONDS)
        share = (run.process.cpu_seconds() - used) / (time.monotonic() - begin)
        accepted = await bench.sink.accepted()
        sample = accepted.latencies(range(PARTITIONS), since=since)
        return [
            number(memory / 1e6),
            number(passed, 1),
            milliseconds(percentile(sample, 0.5)),
            milliseconds(percentile(sample, 0.99)),
            f"{share:.0%}",
        ]

    async def _flood(self, run: Run, topic: Topic, dead: int) -> None:
        """Publish to the dead destination, then one on every partition to the healthy ones."""
        doomed = range(self._numbers, self._numbers + dead)
        self._numbers += dead
        now = time.time_ns() // 1000
        values = (record(each, self._dead, now) for each in doomed)
        where = run.job.bootstrap
        await asyncio.to_thread(publish, where, topic.name, values, topic.partitions)
        behind = [self._to_healthy(each) for each in self._take(topic.partitions)]
        await asyncio.to_thread(publish, where, topic.name, behind, topic.partitions)

    async def _until_accepted(self, run: Run, seconds: float) -> None:
        due = len(self._due)
        await self._bench.sink.until(lambda now: now.distinct >= due, seconds)
        run.check()
        found = count(await self._bench.sink.accepted(), sent=self._numbers, due=self._due)
        if found.fault:
            raise WrongError(f"after {seconds:.0f} s, healthy destinations: {found.fault}")

    def _take(self, healthy: int) -> range:
        """Give out numbers that healthy destinations must get."""
        numbers = range(self._numbers, self._numbers + healthy)
        self._numbers += healthy
        self._due += numbers
        return numbers

    def _to_healthy(self, each: int) -> bytes:
        return record(each, self._healthy[each % len(self._healthy)], time.time_ns() // 1000)


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port of loopback that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
