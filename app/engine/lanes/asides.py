"""Requests beside a lane's jobs: the service's own words, which no notification is waiting for."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from app.edges.callbacks import end_of
from app.edges.channels.base import Channel
from app.engine.clock import EngineClock
from app.engine.lanes.answers import Answers
from app.policies.limits.gate import PROBING, Gate
from app.values.delivery import Delivery
from app.values.outcome import Answer


class Asides:
    """Lets requests through a lane's gate that are no jobs, so that its limits hold for all.

    Args:
        gate: The lane's.
        answers: Learns from what came of them.
        clock: Tells the time.
        wake: Lets the lane look soon what may go.
    """

    def __init__(
        self, gate: Gate, answers: Answers, clock: EngineClock, *, wake: Callable[[], None]
    ) -> None:
        self._gate = gate
        self._answers = answers
        self._clock = clock
        self._wake = wake
        self.waiting: deque[asyncio.Future[int | None]] = deque()
        self._though_paused: set[asyncio.Future[int | None]] = set()

    async def begin(self, *, though_paused: bool = False) -> int | None:
        """Wait until one request may be made; return its number, or None if the lane closes.

        Args:
            though_paused: Also if an operator has paused the destination.
        """
        waiter: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        if though_paused:
            self._though_paused.add(waiter)
            waiter.add_done_callback(self._though_paused.discard)
        self._wake()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self.waiting:
                self.waiting.remove(waiter)
            elif not waiter.cancelled() and (number := waiter.result()) is not None:
                self.end(number, None, 0.0)
            raise

    async def ask(
        self, channel: Channel, delivery: Delivery, patience: float, *, though_paused: bool = False
    ) -> Answer | None:
        """Make one request as soon as it may be made; return None if the lane closes before.

        Args:
            channel: What speaks to the destination.
            delivery: What is said.
            patience: Seconds that it waits for its turn.
            though_paused: Also if an operator has paused the destination.

        Raises:
            TimeoutError: Its turn did not come in time.
        """
        async with asyncio.timeout(patience):
            number = await self.begin(though_paused=though_paused)
        if number is None:
            return None
        started = self._clock.monotonic()
        answer: Answer | None = None
        try:
            answer = await end_of(partial(channel.begin, [delivery]))
        finally:
            self.end(number, answer, started)
        return answer

    def end(self, number: int, answer: Answer | None, started: float) -> None:
        """Learn from what came of a request.

        Args:
            number: From ``begin``.
            answer: None if nothing can be learned from it.
            started: Monotonic seconds.
        """
        if answer is None:
            self._gate.abandon(number)
        else:
            self._answers.learn(number, answer, started, None)
        self._wake()

    def go(self, *, paused: bool) -> float | None:
        """Let through what may go; return when to look again (monotonic seconds), or None.

        Args:
            paused: Whether an operator has paused the destination.
        """
        while waiting := [*self._though_paused] if paused else [*self.waiting]:
            now = self._clock.monotonic()
            wait = self._gate.wait(now)
            if wait > 0:
                return None if wait == PROBING else now + wait
            if not self._gate.room():
                return None  # the end of what is under way decides
            self.waiting.remove(waiting[0])
            waiting[0].set_result(self._gate.begin(now))
        return None

    def close(self) -> None:
        """Let nothing through any more."""
        while self.waiting:
            self.waiting.popleft().set_result(None)
