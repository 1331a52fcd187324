"""``python -m tests.ledger``: the long form of the ledger test; prints a table."""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.ledger.faults import ALL
from tests.ledger.one import make_run, make_stage
from tests.ledger.stages import STAGES
from tests.ledger.verdict import HEADER, Verdict
from tests.support.acls import PASSWORD, USER
from tests.support.kafka_cluster import KafkaCluster
from tests.support.tools import Tools

RATE = 250.0


async def _main(arguments: argparse.Namespace) -> int:
    wanted = arguments.only or [""]
    names = [name for name in (*ALL, *STAGES) if any(text in name for text in wanted)]
    count = -(-arguments.notifications // len(ALL))
    print(f"seed {arguments.seed}, {count:,} notifications or more for each fault")
    print(HEADER, flush=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are away on purpose
    tools = Tools.here()
    broken = produced = 0
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        kafka = KafkaCluster(
            folder / "kafka",
            java=tools.java(),
            jars=tools.kafka_jars(),
            users={USER: PASSWORD},
        )
        async with kafka as cluster:
            for place, name in enumerate(names):
                seed = arguments.seed + place
                try:
                    verdict, details = await _make(name, cluster, folder, seed, count)
                except Exception:  # noqa: BLE001 - the other faults are still to be seen
                    broken += 1
                    print(f"{name}: no verdict\n{traceback.format_exc()}", flush=True)
                    await cluster.start()
                    continue
                produced += verdict.produced
                broken += not verdict.sound
                print(verdict.row(), details, sep="\n" if details else "", flush=True)
    minutes = (time.monotonic() - started_at) / 60
    print(f"{produced:,} notifications in {minutes:.0f} min; runs that are broken: {broken}")
    return 1 if broken else 0


async def _make(
    name: str, cluster: KafkaCluster, folder: Path, seed: int, count: int
) -> tuple[Verdict, str]:
    if name in STAGES:
        return await make_stage(name, STAGES[name], cluster, folder, seed)
    fault, traffic = ALL[name]
    return await make_run(
        name, fault, cluster, folder, seed, count=count, rate=RATE, traffic=traffic
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger", description=__doc__)
    parser.add_argument("--notifications", type=int, default=85_000, help="in all, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="faults with this in their name"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
