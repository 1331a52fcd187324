"""The day's books: what was published, what arrived, how late, how much memory it took."""

import resource
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.day.destinations import Destinations

LATE = 10.0
"""Seconds after which a notification is late, and needs a reason."""
PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Published:
    """One notification."""

    at: float  # seconds since the epoch when Kafka had it
    channel: str  # where it goes
    stretch: str  # of the day


@dataclass
class Books:
    """Everything that is known of the day."""

    published: dict[str, Published] = field(default_factory=dict)  # by name
    # resident bytes of each worker, by its number, in the order of their taking
    memory: dict[int, list[int]] = field(default_factory=dict)

    def measure(self, number: int, process: int) -> None:
        """Note the memory of a worker."""
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
        self.memory.setdefault(number, []).append(pages * PAGE)

    def missing(self, seen: Destinations) -> list[str]:
        """Return the names of those that have not arrived."""
        return [name for name in self.published if not seen.seen(name)]

    def late(self, seen: Destinations) -> list[str]:
        """Return the names of those that were late, the latest first."""
        waits = {name: self.wait(name, seen) for name in self.published if seen.seen(name)}
        late = [name for name, wait in waits.items() if wait > LATE]
        return sorted(late, key=lambda name: -waits[name])

    def wait(self, name: str, seen: Destinations) -> float:
        """Return the seconds from Kafka having it until it first arrived."""
        return min(at for _, at in seen.seen(name)) - self.published[name].at

    def rows(self, seen: Destinations) -> list[str]:
        """Return the day's table: a line for each channel and stretch that had any."""
        groups: dict[tuple[str, str], list[str]] = {}
        for name, each in self.published.items():
            groups.setdefault((each.stretch, each.channel), []).append(name)
        return [
            _row(stretch, channel, [self.wait(name, seen) for name in names if seen.seen(name)])
            for (stretch, channel), names in groups.items()
        ]

    def again(self, seen: Destinations) -> list[str]:
        """Return the names of those that arrived more than once."""
        return [name for name in self.published if len(seen.seen(name)) > 1]

    def channels(self, names: Iterable[str]) -> Counter[str]:
        """Return how many of some go where."""
        return Counter(self.published[name].channel for name in names)


def _row(stretch: str, channel: str, waits: Sequence[float]) -> str:
    cuts = statistics.quantiles(waits, n=100) if len(waits) > 1 else [*waits] * 99
    return (
        f"{stretch:<16} {channel:<9} {len(waits):>8,} {cuts[49]:>9.2f} s {cuts[98]:>9.2f} s"
        f" {max(waits, default=0.0):>9.1f} s"
    )


HEADER = f"{'stretch':<16} {'channel':<9} {'arrived':>8} {'median':>11} {'p99':>11} {'longest':>11}"


def growth(memory: Mapping[int, Sequence[int]]) -> list[str]:
    """Return a line on each worker's memory: after a tenth of its life, and at its end."""
    lines = []
    for number, taken in memory.items():
        begin, end = taken[len(taken) // 10], taken[-1]
        lines.append(
            f"worker {number}: {begin / 2**20:.0f} MiB after a tenth of its life,"
            f" {max(taken) / 2**20:.0f} at most, {end / 2**20:.0f} at its end"
        )
    return lines
