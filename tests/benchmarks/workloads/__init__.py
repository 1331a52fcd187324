"""What is measured, by the word that chooses it, in the order of the report."""

from collections.abc import Awaitable, Callable, Mapping

from tests.benchmarks.bench import Bench
from tests.benchmarks.workloads import throughput

WORKLOADS: Mapping[str, Callable[[Bench], Awaitable[None]]] = {
    "instant": throughput.instant,
    "slow": throughput.slow,
    "faulty": throughput.faulty,
}
