import os
import sys

import pytest

from tests.benchmarks.cores import Cores


def test_one_core_is_shared() -> None:
    """With one core there is nothing to pin."""
    cores = Cores.of(frozenset({3}))
    assert not cores.pinned
    assert cores.worker == cores.sink == {3}


def test_of_two_cores_the_worker_has_one() -> None:
    """Sink, Kafka and harness share the other; several workers have both."""
    cores = Cores.of(frozenset({0, 1}))
    assert cores.worker == {1}
    assert cores.sink == cores.rest == {0}
    assert cores.workers == {0, 1}


def test_of_more_cores_the_sink_has_one_too() -> None:
    """Several workers leave the sink its core."""
    cores = Cores.of(frozenset({0, 1, 2, 3}))
    assert cores.worker == {3}
    assert cores.sink == {2}
    assert cores.rest == {0, 1}
    assert cores.workers == {0, 1, 3}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
def test_the_harness_gets_its_cores_back() -> None:
    """Only what is started inside the block is moved."""
    before = os.sched_getaffinity(0)
    cores = Cores.here()
    with cores.on(cores.worker):
        assert os.sched_getaffinity(0) == cores.worker
    assert os.sched_getaffinity(0) == before
