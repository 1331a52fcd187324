"""What a delivery costs: the service and its peers on one core, in turns of half a second.

On a machine that does other work the same case takes half as long again a few minutes later. Here
all of them are started once; then one goes on while the others are stopped (SIGSTOP), again and
again, so that whatever slows the machine slows them all. Processor time is what the kernel has
counted for the process and its children, divided by the requests that the sink has had meanwhile.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.benchmarks.arithmetic import percentile
from tests.benchmarks.bench import DESTINATIONS, Bench, Topic, WrongError
from tests.benchmarks.competitors import Competitor, Service
from tests.benchmarks.measuring import LONGER_WARM
from tests.benchmarks.report import number
from tests.benchmarks.running import Run, running

RECORDS = (1_200_000, 400_000)
IN_FLIGHT = (16, 64, 256, 1000)
PEERS = ("bare-aiohttp", "node", "go")
COLUMNS = ("", "processor µs", "middle half", "deliveries/s")
SLOTS = (20, 5)
SLOT_SECONDS = 0.4
SETTLING_SECONDS = 0.1
"""After one goes on: what had come meanwhile is no part of its slot."""
WARM_SECONDS = 1.5
FIRST_SECONDS = 60.0
FIRST_REQUESTS = 500
LEAST_REQUESTS = 100
"""In a slot; with fewer there was nothing left to deliver."""

T = TypeVar("T")


@dataclass
class Member:
    """One that takes turns with the others.

    Attributes:
        costs: Processor microseconds for a delivery, slot by slot.
        rates: Deliveries a second.
    """

    competitor: Competitor
    run: Run
    costs: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Its row of the table."""
        if not self.costs:
            return [self.competitor.title, "–", "–", "–"]
        low, middle, high = (percentile(self.costs, share) for share in (0.25, 0.5, 0.75))
        spread = f"{number(low, 1)}…{number(high, 1)}"
        rate = number(percentile(self.rates, 0.5))
        return [self.competitor.title, number(middle, 1), spread, rate]


async def costs(bench: Bench) -> None:
    """Processor time for a delivery, with few and with many in flight."""
    if bench.brief:
        bench.report.say("(interleaved: not run: in a quick run only if it is asked for by name)")
        return
    if not bench.kafka.real:
        bench.report.say("(interleaved: not run: every service would have a broker of its own)")
        return
    topic = await bench.filled_topic("instant", sent=bench.size(*RECORDS))
    peers = [peer for peer in bench.peers if peer.name in PEERS]
    for in_flight in IN_FLIGHT:
        bench.report.heading(
            f"What a delivery costs, {in_flight} in flight",
            f"Sink answers at once, {DESTINATIONS} destinations; slots of {SLOT_SECONDS:g} s in "
            "turn. Medians of the slots, the middle half of them, and the rate of a core.",
        )
        rows = await taking_turns(bench, topic, [Service(), *peers], in_flight)
        bench.report.table(COLUMNS, rows)


async def taking_turns(
    bench: Bench, topic: Topic, competitors: Sequence[Competitor], in_flight: int
) -> list[list[str]]:
    """Measure them on one topic; return the rows of the table ``COLUMNS``."""
    await bench.sink.reset(topic.sent)
    async with all_stopped(bench, topic, competitors, in_flight, _warm_up) as runs:
        members = [Member(*each) for each in zip(competitors, runs, strict=True)]
        bench.report.doing(f"{in_flight} in flight: taking turns")
        for member in in_turns(members, SLOTS[bench.quick]):
            await _slot(bench, member)
    return [member.cells() for member in members]


def in_turns(members: Sequence[T], turns: int) -> Iterator[T]:
    """Yield each so many times, each time another one first."""
    for turn in range(turns):
        first = turn % len(members)
        yield from (*members[first:], *members[:first])


@contextlib.asynccontextmanager
async def all_stopped(
    bench: Bench,
    topic: Topic,
    competitors: Sequence[Competitor],
    in_flight: int,
    warm_up: Callable[[Bench, Run, Competitor], Awaitable[None]],
) -> AsyncIterator[list[Run]]:
    """Start them one after the other; then all are stopped, until somebody's turn comes."""
    runs: list[Run] = []
    async with contextlib.AsyncExitStack() as stack:
        for competitor in competitors:
            bench.report.doing(f"{in_flight} in flight: starting {competitor.title}")
            run = await stack.enter_async_context(running(bench, competitor, topic, in_flight))
            await warm_up(bench, run, competitor)
            stack.callback(run.process.resume)  # what is stopped does not end
            runs.append(run)
        for run in runs:  # not before: to be stopped for long would cost it its membership
            run.process.pause()
        yield runs


async def _warm_up(bench: Bench, run: Run, competitor: Competitor) -> None:
    wanted = (await bench.sink.progress()).requests + FIRST_REQUESTS
    progress = await bench.sink.until(lambda now: now.requests >= wanted, FIRST_SECONDS)
    run.check()
    if progress.requests < wanted:
        raise WrongError(f"nearly nothing arrived in {FIRST_SECONDS:.0f} s")
    await asyncio.sleep((LONGER_WARM if competitor.just_in_time else 1) * WARM_SECONDS)


async def _slot(bench: Bench, member: Member) -> None:
    process = member.run.process
    process.resume()
    await asyncio.sleep(SETTLING_SECONDS)
    before, used_before = await bench.sink.progress(), process.precise_seconds()
    await asyncio.sleep(SLOT_SECONDS)
    after, used_after = await bench.sink.progress(), process.precise_seconds()
    process.pause()
    member.run.check()
    requests = after.requests - before.requests
    if requests >= LEAST_REQUESTS:
        member.costs.append((used_after - used_before) / requests * 1e6)
        member.rates.append(requests / (after.at - before.at))
