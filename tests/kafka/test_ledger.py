"""The ledger test in short (``make soak`` is the long form): nothing lost, whatever happens."""

import random
from pathlib import Path

import pytest

from tests.ledger.faults import SHORT
from tests.ledger.one import make_run
from tests.support.kafka_cluster import KafkaCluster

COUNT = 1500
RATE = 120.0


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", SHORT)
async def test_the_books_balance_through(
    kafka_cluster: KafkaCluster, tmp_path: Path, name: str
) -> None:
    """Each notification is accepted or dead, no commit passes what is open, faults explain repeats."""
    fault, traffic = SHORT[name]
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # shown when it fails
    verdict, details = await make_run(
        name, fault, kafka_cluster, tmp_path, seed, count=COUNT, rate=RATE, traffic=traffic
    )
    print(verdict.row())
    assert verdict.lost == (), details
    assert verdict.passed == (), details
    assert verdict.unexplained == (), details
    assert verdict.disordered == (), details
    assert not verdict.restless, details
    assert verdict.early == (), details
    assert verdict.sound
