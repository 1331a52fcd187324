"""Work that is begun and calls back: no task and no future for it, unless it is a coroutine.

Whoever begins something hands in ``then``, which is called once with what came of it, and never
before the call that began it has returned; what is under way can be cancelled, and then nobody is
called. Here are the two bridges between that and coroutines.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class UnderWay(Protocol):
    """Something that was begun."""

    def cancel(self) -> None:
        """Do no more about it; its callback is not called. Of no effect once it was."""
        ...


async def end_of(begin: Callable[[Callable[[T | Exception], None]], UnderWay]) -> T:
    """Begin something and return what comes of it; whoever is cancelled meanwhile cancels it.

    Raises:
        Exception: What its callback was called with.
    """
    waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def then(result: T | Exception) -> None:
        if waiter.done():  # cancelled, in the same turn of the event loop
            return
        if isinstance(result, Exception):
            waiter.set_exception(result)
        else:
            waiter.set_result(result)

    under_way = begin(then)
    try:
        return await waiter
    except asyncio.CancelledError:
        under_way.cancel()
        raise


class InTasks:
    """Runs coroutines in tasks of its own, for what is begun and calls back."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: set[asyncio.Task[Any]] = set()

    def begin(
        self, work: Coroutine[Any, Any, T], then: Callable[[T | Exception], None]
    ) -> UnderWay:
        """Begin a coroutine; ``then`` takes what it returns, or the error that it raises."""
        task = asyncio.create_task(work, name=self._name)
        self._running.add(task)
        running = _Running(task, then)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(running.end)
        return running

    async def close(self) -> None:
        """Cancel what runs, and wait until it has ended; nobody is called."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class _Running(Generic[T]):
    def __init__(self, task: asyncio.Task[T], then: Callable[[T | Exception], None]) -> None:
        self._task = task
        self._then: Callable[[T | Exception], None] | None = then

    def cancel(self) -> None:
        """See ``UnderWay``."""
        self._then = None
        self._task.cancel()

    def end(self, task: asyncio.Task[T]) -> None:
        """Hand on what came of the task."""
        then, self._then = self._then, None
        if task.cancelled():
            return
        error = task.exception()
        if then is None:
            return
        if error is None:
            then(task.result())
        elif isinstance(error, Exception):
            then(error)
