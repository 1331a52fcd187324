"""An event loop whose clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LEAST = 1e-6
"""Seconds that pass at least when something is waited for."""
MOST_TURNS = 10_000
"""Turns of the loop at one and the same time; more are a circle."""


class StandstillError(Exception):
    """Whoever is awaited will never come."""


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nobody: what it was to wait for has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; let the time pass."""
        if timeout is None:
            raise StandstillError("nothing is due any more")
        self._turns = 0 if timeout > 0 else self._turns + 1
        if self._turns > MOST_TURNS:
            self._turns = 0  # the tasks are still to be cancelled
            raise StandstillError("the time does not pass any more")
        if timeout > 0:
            self.now += max(timeout, LEAST)  # what is added to a float may leave it as it was
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in its own time, which begins at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run it at once: a thread takes real time, for which nothing waits here."""
        del executor
        ended: asyncio.Future[T] = self.create_future()
        try:
            ended.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it is to have it
            ended.set_exception(error)
        return ended

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a program to its end, and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the running loop's time in seconds."""
    return asyncio.get_running_loop().time()
