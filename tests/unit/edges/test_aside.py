"""A thread for calls that may block for ever."""

import asyncio
import threading
from functools import partial

import pytest

from app.edges.aside import Aside


async def test_calls_are_made_one_after_the_other() -> None:
    """In the order in which they were asked for, in a thread of their own."""
    aside = Aside("test")
    made: list[tuple[int, str]] = []

    def call(number: int) -> int:
        made.append((number, threading.current_thread().name))
        return number * 2

    answers = await asyncio.gather(*(aside.run(partial(call, number)) for number in range(3)))
    assert list(answers) == [0, 2, 4]
    assert made == [(0, "test"), (1, "test"), (2, "test")]
    aside.close()


async def test_what_a_call_raises_is_raised_where_it_is_awaited() -> None:
    """And the next call is made all the same."""
    aside = Aside("test")
    with pytest.raises(ZeroDivisionError):
        await aside.run(lambda: 1 / 0)
    assert await aside.run(lambda: 1) == 1
    aside.close()


async def test_a_call_that_hangs_holds_up_only_who_waits_for_it() -> None:
    """Whoever gives up goes on; the thread is not waited for."""
    aside = Aside("test")
    going_on = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await aside.run(going_on.wait)
    going_on.set()
    assert await aside.run(lambda: 1) == 1
    aside.close()


async def test_an_answer_that_comes_after_the_end_of_the_loop_is_nobodys() -> None:
    """The thread of a daemon outlives whoever asked."""
    aside = Aside("test")
    going_on, ended = threading.Event(), threading.Event()

    def ask() -> None:
        async def give_up() -> None:
            async with asyncio.timeout(0.01):
                await aside.run(going_on.wait)

        with pytest.raises(TimeoutError):
            asyncio.run(give_up())
        ended.set()

    asker = threading.Thread(target=ask)
    asker.start()
    await asyncio.to_thread(ended.wait)
    going_on.set()
    assert await aside.run(lambda: 1) == 1
    aside.close()
    await asyncio.to_thread(asker.join)
