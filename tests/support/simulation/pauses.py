"""Operators who pause destinations and resume them; each worker hears of it a little later."""

import asyncio
from math import inf
from random import Random
from typing import Final

from app.values.delivery import Destination
from app.values.record import TopicPartition
from tests.support.channels import KNOWN
from tests.support.simulation.books import A_MOMENT, Books
from tests.support.simulation.clients import CONTROL
from tests.support.simulation.clocks import EPOCH, Clocks
from tests.support.simulation.destinations import CHATS, HOOKS, MAIL_SERVER
from tests.support.simulation.loop import now
from tests.support.simulation.process import Process
from tests.support.simulation.story import Story

OFTEN: Final = 0.06
LONGEST: Final = 60.0
LATEST: Final = 2.0
"""Seconds until a worker has heard of it."""
DESTINATIONS: Final = (
    *(Destination("webhook", address, KNOWN.redact(address)) for address in HOOKS),
    *(Destination("discord", address, KNOWN.redact(address)) for address in CHATS),
    Destination("email", MAIL_SERVER, MAIL_SERVER),
)


class Pauses:
    """What operators have said about destinations.

    Args:
        chance: What happens by chance.
        clocks: The brokers', which stamp what is said.
        books: Excuses what is taken early because of it, and sees what is sent in spite of it.
        story: Is told.
        processes: The workers that there are.
    """

    def __init__(
        self, chance: Random, clocks: Clocks, books: Books, story: Story, processes: list[Process]
    ) -> None:
        self._chance = chance
        self._clocks = clocks
        self._books = books
        self._story = story
        self._processes = processes
        self._said: dict[Destination, tuple[bool, float]] = {}

    def disturb(self) -> None:
        """Let an operator pause something, now and then."""
        if self._chance.random() < OFTEN:
            destination = self._chance.choice(DESTINATIONS)
            self._say(destination, paused=True)
            loop, seconds = asyncio.get_running_loop(), self._chance.random() * LONGEST
            loop.call_later(seconds, lambda: self._say(destination, paused=False))

    def end(self) -> None:
        """Resume all that is paused."""
        for destination, (paused, _) in list(self._said.items()):
            if paused:
                self._say(destination, paused=False)

    def teach(self, process: Process) -> None:
        """Let a new worker know everything, as it does before it takes its first record."""
        for destination, (paused, at) in self._said.items():
            process.board.say(destination, paused=paused, at=at)
            self._books.heard(process.name, destination, paused=paused)

    def _say(self, destination: Destination, *, paused: bool) -> None:
        self._story.tell(f"* {destination.label} is {'paused' if paused else 'resumed'}")
        at = EPOCH + now()
        if self._clocks.stamping:
            at = self._clocks.stamp(TopicPartition(CONTROL, 0))
        self._said[destination] = paused, at
        if not paused:
            known = self._clocks.brokers_right and self._clocks.stamping
            self._books.released_until = now() + A_MOMENT if known else inf
        for process in self._processes:
            self._tell(process, destination, paused, at)

    def _tell(self, process: Process, destination: Destination, paused: bool, at: float) -> None:
        def hear() -> None:
            if not process.crashed and self._said[destination] == (paused, at):
                process.board.say(destination, paused=paused, at=at)
                self._books.heard(process.name, destination, paused=paused)

        process.later(self._chance.random() * LATEST, hear)
