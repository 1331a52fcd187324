"""``python -m tests.ledger``: the long form of the ledger test; prints a table."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.ledger.faults import Fault, faults
from tests.ledger.run import Run, started
from tests.ledger.verdict import HEADER, Verdict, judge
from tests.support.kafka_cluster import KafkaCluster
from tests.support.tools import Tools

RATE = 250.0


async def one(
    name: str, cluster: KafkaCluster, folder: Path, seed: int, count: int, *, long: bool
) -> tuple[Run, Verdict]:
    """Make one run and judge it.

    Args:
        name: Of the fault.
        cluster: Three brokers, all of them running.
        folder: For the workers' homes.
        seed: Of every random choice.
        count: How many notifications are published.
        long: As in ``faults``.
    """
    fault, damage = faults(long=long)[name]
    async with started(name, cluster, folder, seed, damage) as run:
        async with asyncio.TaskGroup() as tasks:
            over = asyncio.Event()
            tasks.create_task(run.flow.publish(count, RATE, over))
            tasks.create_task(_happen(run, fault, over))
        await run.settle()
        await asyncio.sleep(1)  # what comes twice comes late
        return run, judge(run)


async def _happen(run: Run, fault: Fault, over: asyncio.Event) -> None:
    try:
        await fault(run)
    finally:
        over.set()


async def _main(arguments: argparse.Namespace) -> int:
    names = [name for name in faults(long=True) if arguments.only in name]
    count = -(-arguments.notifications // len(names))
    print(f"seed {arguments.seed}, {count:,} notifications for each of {len(names)} faults")
    print(HEADER, flush=True)
    tools = Tools.here()
    broken = produced = 0
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with KafkaCluster(
            Path(folder) / "kafka", java=tools.java(), jars=tools.kafka_jars()
        ) as cluster:
            for place, name in enumerate(names):
                run, verdict = await one(
                    name, cluster, Path(folder), arguments.seed + place, count, long=True
                )
                produced += verdict.produced
                print(verdict.row(), flush=True)
                if not verdict.sound:
                    broken += 1
                    print(_details(run, verdict), flush=True)
    took = time.monotonic() - started_at
    print(f"{produced:,} notifications in {took / 60:.0f} min; {broken} runs are broken")
    return 1 if broken else 0


def _details(run: Run, verdict: Verdict) -> str:
    parts = {
        "lost": verdict.lost,
        "commits that passed": verdict.passed,
        "repeats without a fault": verdict.unexplained,
        "keys out of order": verdict.disordered,
    }
    lines = [f"  {what}: {', '.join(names[:20])}" for what, names in parts.items() if names]
    lines += [
        f"  fault from {clock(window.start)} to {clock(window.end)}" for window in run.windows
    ]
    for name in verdict.unexplained[:20]:
        times = ", ".join(map(clock, sorted(run.recorder.accepted[name].times)))
        lines.append(f"  {name} of partition {run.flow.published[name].partition}: {times}")
    return "\n".join([*lines, run.log_of_workers()])


def clock(at: float) -> str:
    """Return a time of day with milliseconds."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger", description=__doc__)
    parser.add_argument("--notifications", type=int, default=105_000, help="in all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", default="", metavar="TEXT", help="faults with this in their name")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
