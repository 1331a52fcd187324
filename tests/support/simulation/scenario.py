"""A run: some minutes in which anything may happen, then the world heals, then it is judged."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.support.simulation.books import DEAD_LETTERS, RETRIES
from tests.support.simulation.clients import HEARTBEAT, kafka_in_memory
from tests.support.simulation.destinations import ADDRESSES, LAST_MOOD, MOODS
from tests.support.simulation.loop import now, run_in_virtual_time
from tests.support.simulation.process import DAY, Limits, Process
from tests.support.simulation.story import Fault
from tests.support.simulation.world import World

STEPS = 60
MOST_WORKERS = 3
STANDSTILLS = 0.04
"""How often a process stands still."""
MOST_FAULTS = 5
"""Faults that are told: the others mostly follow from the first."""
SOUND_AFTER = 60.0
"""Seconds after the world has healed until no worker sees a problem any more."""
DONE_AFTER = 600.0
"""Seconds after the world has healed until everything is committed."""


class BrokenPromiseError(AssertionError):
    """The engine did what it must not do."""


def simulate(seed: int) -> None:
    """Run the scenario of a seed.

    Raises:
        BrokenPromiseError: What is wrong, with its story.
    """
    chance = Random(seed)
    random.seed(seed)  # the jitter of retries
    limits = Limits(
        in_flight=chance.choice((1, 2, 3, 10, 40, 1000)), age=chance.choice((DAY, DAY, 0.0, 60.0))
    )
    others = (Random(f"{what} {seed}") for what in ("odd", "losses", "pauses", "standstills"))
    scenario = Scenario(chance, *others, limits=limits)
    with kafka_in_memory():
        try:
            run_in_virtual_time(scenario.run())
        except BrokenPromiseError:
            raise
        except Exception as error:
            raise BrokenPromiseError(scenario.story_of([Fault(repr(error))])) from error


class Scenario:
    """Goes through one run.

    Args:
        chance: What happens by chance.
        odd: The same, for clocks and sizes.
        losses: The same, for what Kafka loses.
        pauses: The same, for what operators do with destinations.
        standstills: The same, for processes that are stopped and go on.
        limits: How the workers are set up.
    """

    def __init__(
        self,
        chance: Random,
        odd: Random,
        losses: Random,
        pauses: Random,
        standstills: Random,
        *,
        limits: Limits,
    ) -> None:
        self._chance = chance
        self._standstills = standstills
        self._world = World(chance, odd, losses, pauses, limits)
        self._going_on: list[asyncio.Task[None]] = []
        self._events = {
            self._change_a_mood: 25,
            self._rebalance: 10,
            self._start_another: 10,
            self._restart_one: 10,
            self._crash_one: 7,
            self._pause_one: 8,
            self._send_kafka_away: 8,
            self._refuse_a_topic: 8,
            self._lose_one: 7,
            self._break_one: 4,
        }

    async def run(self) -> None:
        """Let things happen, heal, wait until all is done, and judge."""
        self._go_on(self._world.process().start())
        for _ in range(STEPS):
            self._step()
            await asyncio.sleep(self._chance.random() * 3)
            self.check(self._world.faults())
        await self._heal()
        await self._until_done()
        self.check(list(self._world.books.verdicts()))
        await self._end()

    def check(self, faults: list[Fault]) -> None:
        """Raise what is wrong, if anything is."""
        if faults:
            raise BrokenPromiseError(self.story_of(faults))

    def story_of(self, faults: list[Fault]) -> str:
        """Return what is wrong, and what happened to the first that it is about."""
        story = self._world.story.about(faults[0].names)
        return "\n".join([*(fault.text for fault in faults[:MOST_FAULTS]), story])

    def _step(self) -> None:
        for _ in range(self._chance.randrange(12)):
            self._world.publish()
        self._world.disturb()
        self._stop_one()
        (event,) = self._chance.choices(list(self._events), list(self._events.values()))
        event()

    async def _heal(self) -> None:
        self._world.destinations.heal()
        self._world.pauses.end()
        self._world.cluster.well = True
        try:
            async with asyncio.timeout(SOUND_AFTER):
                await asyncio.gather(*self._going_on)
                await asyncio.gather(*(each.start() for each in self._world.alive))
        except TimeoutError:
            self.check([Fault("the world has healed, and the workers do not start")])

    async def _until_done(self) -> None:
        healed_at = now()
        while unfinished := self._world.cluster.unfinished(besides=DEAD_LETTERS):
            await asyncio.sleep(5)
            self.check(self._world.faults())
            if now() > healed_at + SOUND_AFTER:
                self.check(self._problems())
            if now() > healed_at + DONE_AFTER:
                self.check([Fault(f"never done: {', '.join(unfinished)}")])

    async def _end(self) -> None:
        await asyncio.sleep(3)
        self.check(self._problems())
        for process in self._world.alive:
            self.check([Fault(f"{process.name} keeps {rest}") for rest in process.inside.rest()])
            await process.stop()
        busy = [process for process in self._world.processes if process.inside.tasks]
        self.check([Fault(f"{process.name} leaves tasks behind") for process in busy])

    def _problems(self) -> list[Fault]:
        health = {each.name: each.worker.get_health_status() for each in self._world.alive}
        return [
            Fault(f"{name}: {body['problem']}")
            for name, body in health.items()
            if "problem" in body
        ]

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        self._going_on.append(asyncio.create_task(work))

    def _one(self) -> Process | None:
        """Choose a worker that runs, if there is one."""
        running = [process for process in self._world.processes if process.running]
        return self._chance.choice(running) if running else None

    def _change_a_mood(self) -> None:
        moods = (*MOODS, LAST_MOOD) if self._chance.random() < 0.2 else MOODS
        self._world.destinations.moods[self._chance.choice(ADDRESSES)] = self._chance.choice(moods)

    def _rebalance(self) -> None:
        self._go_on(self._world.group.rebalance())

    def _start_another(self) -> None:
        if len(self._world.alive) < MOST_WORKERS:
            self._go_on(self._world.process().start())

    def _restart_one(self) -> None:
        if process := self._one():
            drain = self._chance.random() < 0.7
            self._go_on(self._world.restart(process, self._chance.random() * 3, drain=drain))

    def _stop_one(self) -> None:
        """Let a process stand still for longer than its session, now and then."""
        chance = self._standstills
        running = [process for process in self._world.processes if process.running]
        if running and chance.random() < STANDSTILLS:
            seconds, until_heard = chance.uniform(6.0, 25.0), chance.random() * HEARTBEAT
            self._go_on(self._world.stand_still(chance.choice(running), seconds, until_heard))

    def _crash_one(self) -> None:
        if process := self._one():
            self._go_on(self._world.crash(process))

    def _pause_one(self) -> None:
        if process := self._one():
            process.worker.pause()
            process.later(self._chance.random() * 10, process.worker.resume)

    def _send_kafka_away(self) -> None:
        self._go_on(self._world.be_away(self._chance.choice((0.5, 3.0, 15.0))))

    def _refuse_a_topic(self) -> None:
        if process := self._one():
            topic = self._chance.choice((DEAD_LETTERS, f"{RETRIES}.0s", f"{RETRIES}.30s"))
            process.producer.refused.add(topic)
            self._later(20, lambda: process.producer.refused.discard(topic))

    def _lose_one(self) -> None:
        if process := self._one():
            self._go_on(self._world.lose(process, self._chance.random() * 20))

    def _break_one(self) -> None:
        if process := self._one():
            self._world.story.tell(f"* {process.name} has a bug")
            process.inside.fail()

    def _later(self, most: float, act: Callable[[], None]) -> None:
        """Do something within so many seconds."""
        asyncio.get_running_loop().call_later(self._chance.random() * most, act)
