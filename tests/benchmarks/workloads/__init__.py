"""What is measured, by the word that chooses it, in the order of the report."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.workloads import (
    cost,
    dead,
    discord,
    disk,
    drain,
    history,
    interleaved,
    latency,
    pages,
    previous,
    profile,
    scrolling,
    startup,
    throughput,
    traces,
)

WORKLOADS: Mapping[str, Callable[[Bench], Awaitable[None]]] = {
    "interleaved": interleaved.costs,
    "traces": traces.spans,
    "previous": previous.beside,
    "instant": throughput.instant,
    "slow": throughput.slow,
    "faulty": throughput.faulty,
    "discord": discord.one_webhook,
    "latency": latency.steady,
    "hung": latency.hung,
    "stats": latency.stats,
    "pages": pages.pages,
    "history": history.kept,
    "scrolling": scrolling.page,
    "dead": dead.destination,
    "disk": disk.sizes,
    "memory": cost.per_waiting,
    "drain": drain.processes,
    "cost": cost.per_delivery,
    "startup": startup.above_the_commit,
    "profile": profile.parts,
}

WITH_PEERS: Final = frozenset({"interleaved", "instant", "slow", "faulty", "latency", "discord"})
"""Those for which peers have to be built."""
