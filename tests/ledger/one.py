"""One run from its start to its verdict."""

import asyncio
import time
from pathlib import Path

from tests.ledger.run import Fault, Run, Traffic, started
from tests.ledger.stages import Stage
from tests.ledger.verdict import Verdict, judge, judge_stage
from tests.support.kafka_cluster import KafkaCluster


async def make_run(
    name: str,
    fault: Fault,
    cluster: KafkaCluster,
    folder: Path,
    seed: int,
    *,
    count: int,
    rate: float,
    traffic: Traffic,
) -> tuple[Verdict, str]:
    """Let a fault happen while notifications flow, and judge what became of them.

    Args:
        name: Of the fault.
        fault: What happens.
        cluster: Three brokers, all of them running.
        folder: For the workers' homes.
        seed: Of every random choice.
        count: How many notifications are published at least.
        rate: How many a second.
        traffic: What flows through it.

    Returns:
        The verdict, and what there is to read when it is bad.
    """
    async with started(name, cluster, folder, seed, traffic) as run:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run.flow.publish(count, rate, over))
            tasks.create_task(_happen(run, fault, over))
        await run.settle()
        await asyncio.sleep(1)  # what comes twice comes late
        verdict = judge(run)
        return verdict, "" if verdict.sound else _details(run, verdict)


async def make_stage(
    name: str, stage: Stage, cluster: KafkaCluster, folder: Path, seed: int
) -> tuple[Verdict, str]:
    """Go through a stage that has books of its own; as ``make_run``."""
    async with started(name, cluster, folder, seed, replicas=stage.replicas, watched=False) as run:
        expected = await stage.act(run)
        await run.settle()
        await asyncio.sleep(1)
        verdict = judge_stage(run, expected)
        return verdict, "" if verdict.sound else _details(run, verdict)


async def _happen(run: Run, fault: Fault, over: asyncio.Event) -> None:
    try:
        await fault(run)
    finally:
        over.set()


def _details(run: Run, verdict: Verdict) -> str:
    parts = {
        "lost": verdict.lost,
        "commits that passed": verdict.passed,
        "repeats without a fault": verdict.unexplained,
        "keys out of order": verdict.disordered,
        "taken too early": verdict.early,
        "surprises": verdict.surprises,
    }
    lines = [f"  {what}: {', '.join(names[:20])}" for what, names in parts.items() if names]
    lines += [f"  fault from {_clock(each.start)} to {_clock(each.end)}" for each in run.windows]
    for name in verdict.unexplained[:20]:
        times = ", ".join(map(_clock, sorted(run.recorder.accepted[name].times)))
        lines.append(f"  {name} of partition {run.flow.published[name].partition}: {times}")
    return "\n".join([*lines, run.log_of_workers()])


def _clock(at: float) -> str:
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03}"
