"""The benchmarks: ``python -m tests.benchmarks`` (see README.md beside this file)."""

import argparse
import asyncio
import contextlib
import shlex
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.benchmarks.bench import Bench, WrongError
from tests.benchmarks.competitors import PEERS, PreparedPeer
from tests.benchmarks.cores import Cores
from tests.benchmarks.kafka import bench_kafka
from tests.benchmarks.preparing import NotPreparedError, Workshop
from tests.benchmarks.report import Report, machine
from tests.benchmarks.sink_process import measure_capacity, sink_process
from tests.benchmarks.workloads import WITH_PEERS, WORKLOADS

FULL_ROUNDS = 3
# Of three minutes: nothing is begun after the first, and what still runs is cut off at the second.
QUICK_BEGIN_SECONDS, QUICK_END_SECONDS = 150.0, 162.0


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments ask for; the exit status is 1 when anything was wrong."""
    begin = time.monotonic()
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, under 3 minutes")
    parser.add_argument("--only", help=f"some of {','.join(WORKLOADS)}")
    parser.add_argument("--prepare", action="store_true", help="only install and build the peers")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else list(WORKLOADS)
    if unknown := set(names) - WORKLOADS.keys():
        parser.error(f"no such workload: {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    report = Report()
    build = options.prepare or not (options.quick or WITH_PEERS.isdisjoint(names))
    peers = _prepare(report, Workshop.here(build=build))
    if options.prepare:
        return 0
    report.say(machine(shlex.join(["python", "-m", "tests.benchmarks", *arguments])))
    brief = options.quick and not options.only
    asyncio.run(_run(report, peers, names, begin, quick=options.quick, brief=brief))
    report.say(f"{time.monotonic() - begin:.0f} s; {len(report.faults)} faults")
    for fault in report.faults:
        print(f"WRONG: {fault}", file=sys.stderr)
    return 1 if report.faults else 0


def _prepare(report: Report, workshop: Workshop) -> tuple[PreparedPeer, ...]:
    """The peers that can be run; the others are named with the reason."""
    prepared = []
    for peer in PEERS:
        try:
            prepared.append(peer.prepare(workshop))
        except NotPreparedError as error:
            report.say(f"- {peer.title}: not run: {error}")
    return tuple(prepared)


async def _run(
    report: Report,
    peers: tuple[PreparedPeer, ...],
    names: Sequence[str],
    begin: float,
    *,
    quick: bool,
    brief: bool,
) -> None:
    end = begin + QUICK_END_SECONDS - time.monotonic() if quick else None
    cut = asyncio.timeout(end)
    try:
        async with cut, _bench(report, peers, quick=quick, brief=brief) as bench:
            if quick:
                bench.deadline = begin + QUICK_BEGIN_SECONDS
            for name in names:
                try:
                    await WORKLOADS[name](bench)
                except (WrongError, TimeoutError) as error:
                    report.fault(name, error)
                await bench.clean()
    except TimeoutError as error:
        if not cut.expired():
            raise
        report.fault("the time was up before everything that had begun was over", error)


@contextlib.asynccontextmanager
async def _bench(
    report: Report, peers: tuple[PreparedPeer, ...], *, quick: bool, brief: bool
) -> AsyncIterator[Bench]:
    """Start the broker and the sink, and say what they are."""
    cores = Cores.here()
    rounds = 1 if quick else FULL_ROUNDS
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(cores.on(cores.rest))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        report.doing("starting the broker and the sink")
        kafka = await stack.enter_async_context(bench_kafka(folder))
        sink = await stack.enter_async_context(sink_process(cores, folder))
        took, would = await measure_capacity(sink, cores, folder, 2.0 if quick else 8.0)
        report.say(f"{kafka.name}; {cores}; rounds: {rounds}")
        report.say(
            f"The sink alone: {took:,.0f} requests/s from a raw load generator on the worker's "
            f"core, by its processor time {would:,.0f}/s with a core to itself."
        )
        yield Bench(
            kafka=kafka,
            sink=sink,
            cores=cores,
            report=report,
            folder=folder,
            peers=peers,
            quick=quick,
            brief=brief,
            rounds=rounds,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
