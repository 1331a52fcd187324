"""Which processor cores the processes of a benchmark run on."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """A plan that keeps the worker under test away from everything else.

    Attributes:
        worker: For the one that is measured: one core.
        workers: For several of them at once: all but the sink's, where there are three or more.
        sink: For the sink.
        rest: For Kafka and the harness.
        pinned: Whether the plan can be carried out here.
    """

    worker: frozenset[int]
    workers: frozenset[int]
    sink: frozenset[int]
    rest: frozenset[int]
    pinned: bool = True

    @classmethod
    def of(cls, available: frozenset[int]) -> "Cores":
        """Share out the cores: the worker gets one, the sink another, the rest what is left."""
        *others, last = sorted(available)
        if not others:
            return cls(available, available, available, available, pinned=False)
        if len(others) == 1:
            side = frozenset(others)
            return cls(frozenset({last}), available, side, side)
        sink = frozenset({others[-1]})
        return cls(frozenset({last}), available - sink, sink, frozenset(others[:-1]))

    @classmethod
    def here(cls) -> "Cores":
        """The plan for this machine; nothing is pinned where the system cannot."""
        if sys.platform != "linux":
            every = frozenset(range(os.cpu_count() or 1))
            return cls(every, every, every, every, pinned=False)
        return cls.of(frozenset(os.sched_getaffinity(0)))

    @contextlib.contextmanager
    def on(self, cores: frozenset[int]) -> Iterator[None]:
        """What this thread starts inside the block runs on these cores, from its first moment."""
        if not self.pinned or sys.platform != "linux":
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def __str__(self) -> str:
        if not self.pinned:
            return "nothing pinned (one core, or a system that cannot)"
        together = " with the sink" if self.rest == self.sink else f", sink {_list(self.sink)}"
        return f"worker on core {_list(self.worker)}{together}, Kafka and harness on {_list(self.rest)}"


def _list(cores: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cores)))
