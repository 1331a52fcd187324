"""``python -m tests.support.simulation.day``: a trading firm's day in virtual time, 24 hours of it.

The stretches of ``tests.day`` with a share of their notifications. Three workers are replaced at
noon, one is killed, Kafka is away for a minute, destinations are away for an hour and slow for
another. Nothing is lost or sent twice without an excuse, what is late has an entry in the history
that says why, and what the workers hold on to does not grow. Ends with 1 if any of that is not so.
"""

import argparse
import asyncio
import gc
import logging
import random
import sys
import types
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import count
from random import Random
from statistics import quantiles
from typing import Final

from app.policies.headers.deferral import DELAYS
from app.values.history import Entry
from app.values.snapshot import AttemptStatus
from tests.day.plan import DEPLOY_AT, OUTAGE, STRETCHES, rate_at
from tests.support.simulation.books import DEAD_LETTERS, Published
from tests.support.simulation.clients import kafka_in_memory
from tests.support.simulation.clocks import Clocks
from tests.support.simulation.destinations import CHATS, FINE, HOOKS
from tests.support.simulation.loop import now, run_in_virtual_time
from tests.support.simulation.process import DAY, Limits
from tests.support.simulation.story import Fault
from tests.support.simulation.world import World

WORKERS: Final = 3
CRASH_AT: Final = 0.60
"""While some destinations are away."""
KAFKA_AT: Final = 0.70
SLOW: Final = (0.74, 0.78)
AWAY: Final = 60.0
LATE: Final = 10.0
"""Seconds after which a notification needs a reason."""
GROWTH: Final = 1.25
"""Times what a worker held in the first busy hour may be held at the same pace in the last."""
QUIET_FOR: Final = 1800
"""Seconds after the day within which everything is committed."""
MOST_TOLD: Final = 10
NOT_HELD: Final = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)


class TradingDay:
    """One day.

    Args:
        seed: Of what happens by chance.
        part: Of the notifications a second of ``tests.day``.
        length: Of the day, in seconds.
    """

    def __init__(self, seed: int, part: float, length: float = DAY) -> None:
        self._chance = Random(seed)
        limits = Limits(in_flight=1000, age=DAY)
        others = Random(f"losses {seed}"), Random(f"pauses {seed}")
        self._world = World(self._chance, sound_clocks(seed), *others, limits)
        self._world.cluster.well = True
        self._world.keep_history = self._keep
        self._part = part
        self._length = length
        self._reasons: defaultdict[str, set[str]] = defaultdict(set)
        self._published: list[tuple[float, Published]] = []
        self.held: list[tuple[float, int]] = []

    async def pass_by(self) -> list[Fault]:
        """Let it pass; return what was not as it must be."""
        for _ in range(WORKERS):
            await self._world.process().start()
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look())
            tasks.create_task(self._deploy())
            tasks.create_task(self._outage())
            tasks.create_task(self._slowness())
            tasks.create_task(self._crash())
            tasks.create_task(self._kafka_away())
            await self._publish()
            await self._until_done()
            looking.cancel()
        faults = [*self._world.faults(), *self._world.books.verdicts(), *self._without_reason()]
        faults += [Fault(f"{name} keeps {rest}") for name, rest in self._rest()]
        for process in self._world.alive:
            await process.stop()
        return faults

    def story_of(self, faults: list[Fault]) -> str:
        """Return what happened to the first thing that is wrong."""
        return self._world.story.about(faults[0].names)

    def growth(self) -> Iterator[Fault]:
        """Say if the workers hold more and more, from the noon's quiet to the evening's."""
        noon = [size for at, size in self.held if DEPLOY_AT - 0.05 < at / self._length < DEPLOY_AT]
        evening = [size for at, size in self.held if at / self._length > 0.95]
        if max(evening) > GROWTH * max(noon):
            yield Fault(f"the workers hold {max(evening):,} bytes, {max(noon):,} at noon")

    def rows(self) -> Iterator[str]:
        """Yield the day's table."""
        waits: defaultdict[str, list[float]] = defaultdict(list)
        for at, notification in self._published:
            stretch, _ = rate_at(min(at / self._length, 1 - 1e-9))
            waits[stretch] += [wait for _, wait in self._waits(at, notification)]
        yield f"{'stretch':<16} {'answered':>9} {'median':>10} {'p99':>10} {'longest':>10}"
        for stretch in (each.name for each in STRETCHES):
            cuts = quantiles(waits[stretch], n=100)
            yield (
                f"{stretch:<16} {len(waits[stretch]):>9,} {cuts[49]:>8.2f} s {cuts[98]:>8.1f} s"
                f" {max(waits[stretch]):>8.1f} s"
            )
        late = [*self._late()]
        said = Counter(reason for _, name in late for reason in self._reasons[name])
        yield f"published {len(self._published):,}; answers later than {LATE:g} s: {len(late):,}"
        yield from (f"  {number:>7,} {reason}" for reason, number in said.most_common())
        yield "held by all workers, KiB, 24 times:"
        yield "  " + " ".join(f"{size // 1024:,}" for _, size in self.held)

    def _keep(self, entries: Iterable[Entry]) -> None:
        """Note why those were late that say it."""
        for entry in entries:
            reasons = {_reason(entry, each.status) for each in entry.tries} - {None}
            if entry.state != "sent":
                reasons.add(entry.state)
            if entry.id and reasons:
                self._reasons[entry.id].update(filter(None, reasons))

    async def _publish(self) -> None:
        due = now()
        while (share := due / self._length) < 1:
            await asyncio.sleep(due - now())
            self._published.append((now(), self._world.publish()))
            _, rate = rate_at(share)
            due += 1 / (rate * self._part)

    async def _until_done(self) -> None:
        for _ in range(QUIET_FOR):
            if not self._world.cluster.unfinished(besides=DEAD_LETTERS):
                break
            await asyncio.sleep(1)

    async def _deploy(self) -> None:
        await asyncio.sleep(DEPLOY_AT * self._length)
        for process in self._world.alive:
            await self._world.restart(process, 20.0, drain=True)

    async def _outage(self) -> None:
        begin, end = OUTAGE
        moods = self._world.destinations.moods
        await asyncio.sleep(begin * self._length)
        moods |= {HOOKS[0]: "failing", HOOKS[1]: "hung", CHATS[0]: "failing"}
        await asyncio.sleep((end - begin) * self._length)
        self._world.destinations.heal()

    async def _slowness(self) -> None:
        begin, end = SLOW
        moods = self._world.destinations.moods
        await asyncio.sleep(begin * self._length)
        moods |= {HOOKS[2]: "slow", CHATS[1]: "flaky"}
        await asyncio.sleep((end - begin) * self._length)
        moods |= dict.fromkeys((HOOKS[2], CHATS[1]), FINE)

    async def _crash(self) -> None:
        await asyncio.sleep(CRASH_AT * self._length)
        await self._world.crash(self._chance.choice(self._world.alive))

    async def _kafka_away(self) -> None:
        await asyncio.sleep(KAFKA_AT * self._length)
        await self._world.be_away(AWAY)

    async def _look(self) -> None:
        """See 24 times that all is in order, and how much the workers hold."""
        while True:
            await asyncio.sleep(self._length / 24)
            self._world.books.faults += [each for each in self._world.faults() if each.names == ()]
            self.held.append((now(), sum(held(each.worker) for each in self._world.alive)))

    def _waits(self, at: float, notification: Published) -> Iterator[tuple[str, float]]:
        answered = self._world.destinations.answered
        for address in notification.addresses:
            if (until := answered.get((notification.name, address))) is not None:
                yield address, until - at

    def _late(self) -> Iterator[tuple[str, str]]:
        for at, notification in self._published:
            for address, wait in self._waits(at, notification):
                if wait > LATE:
                    yield address, notification.name

    def _without_reason(self) -> Iterator[Fault]:
        for address, name in self._late():
            if not self._reasons[name]:
                yield Fault(f"{name} was late at {address}, and nothing says why", (name,))

    def _rest(self) -> Iterator[tuple[str, str]]:
        for process in self._world.alive:
            for rest in process.inside.rest():
                yield process.name, rest


def sound_clocks(seed: int) -> Random:
    """Return the chance of a world whose clocks are right."""
    for number in count(seed):
        clocks = Clocks(Random(number))
        if clocks.right and clocks.stamping:
            return Random(number)
    raise AssertionError


def held(root: object) -> int:
    """Return the bytes of everything that is reached from an object, without what tests own."""
    seen = {id(vars(module)) for module in sys.modules.values()}
    line, size = [root], 0
    while line:
        one = line.pop()
        if id(one) in seen or isinstance(one, NOT_HELD):
            continue
        if type(one).__module__.startswith("tests."):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        line += gc.get_referents(one)
    return size


def _reason(entry: Entry, status: AttemptStatus) -> str | None:
    if status is AttemptStatus.DELIVERED:
        return None
    return status.value if entry.state == "sent" else f"{entry.state}: {status.value}"


def main() -> int:
    """Let the day pass, print its table and what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.simulation.day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", type=float, default=0.05, help="of the notifications a second")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # faults are the point
    random.seed(arguments.seed)
    with kafka_in_memory(DELAYS):
        return run_in_virtual_time(_tell(arguments.seed, arguments.part))


async def _tell(seed: int, part: float) -> int:
    day = TradingDay(seed, part)
    faults = [*await day.pass_by(), *day.growth()]
    print(*day.rows(), sep="\n")
    if faults:
        print(f"{len(faults)} faults", *(each.text for each in faults[:MOST_TOLD]), sep="\n")
        print(day.story_of(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
