"""The bridges between what calls back and coroutines."""

import asyncio
from collections.abc import Callable

import pytest

from app.edges.callbacks import InTasks, UnderWay, end_of
from tests.support.engine import until


class Begun:
    """Something under way, whose end the test decides."""

    def __init__(self) -> None:
        self.then: Callable[[int | Exception], None] | None = None
        self.cancelled = 0

    def begin(self, then: Callable[[int | Exception], None]) -> UnderWay:
        """Begin."""
        self.then = then
        return self

    def cancel(self) -> None:
        """Count."""
        self.cancelled += 1


async def begun() -> tuple[Begun, asyncio.Task[int]]:
    """Return something under way, and a task that waits for its end."""
    work = Begun()

    async def wait() -> int:
        return await end_of(work.begin)

    task = asyncio.create_task(wait())
    await until(lambda: work.then is not None)
    return work, task


async def test_what_comes_of_it_is_returned_or_raised() -> None:
    """An exception is raised, everything else is a result."""
    work, task = await begun()
    assert work.then is not None
    work.then(7)
    assert await task == 7
    work, task = await begun()
    assert work.then is not None
    work.then(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await task


async def test_whoever_is_cancelled_cancels_it() -> None:
    """What is told in the same turn of the event loop is told to nobody."""
    work, task = await begun()
    assert work.then is not None
    task.cancel()
    work.then(7)
    with pytest.raises(asyncio.CancelledError):
        await task
    work, task = await begun()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.cancelled == 1


async def _fail() -> int:
    raise ValueError("no")


async def _succeed() -> int:
    return 7


async def test_a_coroutine_calls_back_once_and_later() -> None:
    """With what it returns or raises; not before the call that began it has returned."""
    told: list[object] = []
    tasks = InTasks("test")
    tasks.begin(_succeed(), told.append)
    tasks.begin(_fail(), told.append)
    assert told == []
    await until(lambda: len(told) == 2)
    assert told[0] == 7
    assert isinstance(told[1], ValueError)


async def test_what_is_cancelled_or_closed_calls_nobody() -> None:
    """Also if it has ended, and its callback is about to be called."""
    told: list[object] = []
    tasks = InTasks("test")
    cancelled = tasks.begin(_succeed(), told.append)
    cancelled.cancel()
    ended = tasks.begin(_succeed(), told.append)
    await asyncio.sleep(0)
    ended.cancel()
    tasks.begin(asyncio.Event().wait(), told.append)
    await tasks.close()
    assert told == []
    cancelled.cancel()
