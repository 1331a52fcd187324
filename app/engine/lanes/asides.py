"""Requests beside a lane's jobs: the service's own words, which no notification is waiting for."""

import asyncio
from collections import deque
from collections.abc import Callable

from app.engine.clock import EngineClock
from app.engine.lanes.answers import Answers
from app.policies.limits.gate import PROBING, Gate
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

    async def begin(self) -> int | None:
        """Wait until one request may be made; return its number, or None if the lane closes."""
        waiter: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        self._wake()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self.waiting:
                self.waiting.remove(waiter)
            elif not waiter.cancelled() and (number := waiter.result()) is not None:
                self.end(number, None, 0.0)
            raise

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

    def go(self) -> float | None:
        """Let through what may go; return when to look again (monotonic seconds), or None."""
        while self.waiting:
            now = self._clock.monotonic()
            wait = self._gate.wait(now)
            if wait > 0:
                return None if wait == PROBING else now + wait
            if not self._gate.room():
                return None  # the end of what is under way decides
            self.waiting.popleft().set_result(self._gate.begin(now))
        return None

    def close(self) -> None:
        """Let nothing through any more."""
        while self.waiting:
            self.waiting.popleft().set_result(None)
