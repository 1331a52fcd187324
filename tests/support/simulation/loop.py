"""An event loop whose clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, ContextVar
from heapq import heappush
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LEAST = 1e-6
"""Seconds that pass at least when something is waited for."""
MOST_TURNS = 10_000
"""Turns of the loop at one and the same time; more are a circle."""


PROCESS: ContextVar[str | None] = ContextVar("PROCESS", default=None)
"""Whose code runs: what somebody's code begins is theirs, too."""


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


class _Handle(asyncio.Handle):
    """Something to be called, unless it is of a process that stands still."""

    def _run(self) -> None:
        if not self._loop.keeps(self):  # type: ignore[attr-defined]  # it is this module's own
            super()._run()


class _TimerHandle(asyncio.TimerHandle):
    """The same, at its time."""

    def _run(self) -> None:
        if not self._loop.keeps(self):  # type: ignore[attr-defined]  # as above
            super()._run()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in its own time, which begins at 0, and whose processes can stand still."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        self._kept: dict[str, list[asyncio.Handle]] = {}
        super().__init__(self._jumping)

    def stop_process(self, name: str) -> None:
        """Run nothing of a process, as after SIGSTOP."""
        self._kept[name] = []

    def continue_process(self, name: str) -> None:
        """Run what a process would have run meanwhile, in that order."""
        self._ready.extend(self._kept.pop(name))  # type: ignore[attr-defined]  # asyncio's

    def keeps(self, handle: asyncio.Handle) -> bool:
        """Say whether the process of a handle stands still; then it is kept for later."""
        if not self._kept:
            return False
        process = handle._context.get(PROCESS)  # type: ignore[attr-defined]  # asyncio's
        kept = self._kept.get(process)
        if kept is None:
            return False
        kept.append(handle)
        return True

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """See ``asyncio.loop.call_at``."""
        timer = _TimerHandle(when, callback, args, self, context)
        heappush(self._scheduled, timer)  # type: ignore[attr-defined]  # asyncio's
        timer._scheduled = True  # type: ignore[attr-defined]  # asyncio's
        return timer

    def _call_soon(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]  # asyncio's
        return handle

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


def stop_process(name: str) -> None:
    """Let a process stand still."""
    _running().stop_process(name)


def continue_process(name: str) -> None:
    """Let it go on."""
    _running().continue_process(name)


def _running() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def now() -> float:
    """Return the running loop's time in seconds."""
    return asyncio.get_running_loop().time()
