"""Background tasks with an owner, a name and a watched end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Starts a named task that somebody watches."""


Work = Callable[[], Coroutine[Any, Any, None]]


class Tasks:
    """Starts tasks, holds them, and reports the first that fails.

    Args:
        on_failure: Called with the exception of a task that failed.
    """

    def __init__(self, on_failure: Callable[[BaseException], None]) -> None:
        self._on_failure = on_failure
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order they were started

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a named task."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    async def cancel(self) -> None:
        """Cancel every task, the oldest first, and wait until each has ended."""
        while tasks := [task for task in self._tasks if not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("the task %r failed", task.get_name(), exc_info=error)
            self._on_failure(error)


class Crew:
    """Does many short pieces of work with few tasks: one that has ended its work takes the next.

    To make a task for each request costs more than all else that a lane does to begin one.

    Args:
        spawn: Starts a named task that somebody watches.
        name: What the tasks are called.
    """

    def __init__(self, spawn: Spawn, name: str) -> None:
        self._spawn = spawn
        self._name = name
        self._idle: list[asyncio.Future[Work]] = []

    def begin(self, work: Work) -> None:
        """Begin a piece of work at the loop's next turn."""
        while self._idle:
            idle = self._idle.pop()
            if not idle.done():  # cancelled, with the task that waited for it
                idle.set_result(work)
                return
        self._spawn(self._member(work), self._name)

    async def _member(self, work: Work) -> None:
        while True:
            await work()
            idle: asyncio.Future[Work] = asyncio.get_running_loop().create_future()
            self._idle.append(idle)
            work = await idle


async def to_its_end(work: Coroutine[Any, Any, None], name: str) -> None:
    """Do something bounded that a cancellation must not cut off; it takes effect afterwards."""
    task = asyncio.create_task(work, name=name)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
