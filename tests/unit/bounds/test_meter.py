"""The meter of the event loop's steps: other load makes nothing longer, and a kept lock is seen."""

import asyncio
import threading
import time

import pytest

from tests.bounds.meter import LoopMeter, Moment, Step, step

BUSY = 0.06
"""Seconds."""


@pytest.mark.parametrize(
    ("end", "took"),
    [
        (Moment(0.001, 0.0, 0.0, {}), Step(0.0, 0.0)),  # nothing to do
        (Moment(0.06, 0.06, 0.0, {}), Step(0.06, 0.0)),  # a long step
        (Moment(0.2, 0.06, 0.14, {1: 0.1}), Step(0.06, 0.0)),  # on a busy machine
        (Moment(0.07, 0.01, 0.0, {1: 0.06}), Step(0.01, 0.06)),  # another keeps the lock
        (Moment(0.07, 0.01, 0.0, {1: 0.03, 2: 0.03}), Step(0.01, 0.03)),  # two take turns
        (Moment(0.5, 0.0, 0.2, {1: 0.06}), Step(0.0, 0.06)),  # on a busy machine
        (Moment(0.07, 0.07, 0.0, {1: 0.07}), Step(0.07, 0.0)),  # another works without the lock
    ],
)
def test_what_counts(end: Moment, took: Step) -> None:
    """The loop's own processor time, and what one other thread may have kept from it."""
    assert step(Moment(0.0, 0.0, 0.0, {}), end) == pytest.approx(took)


def work() -> None:
    """Use the processor for a while, giving the lock back now and then."""
    until = time.thread_time() + BUSY
    while time.thread_time() < until:
        pass


def keep_the_lock() -> None:
    """Use the processor for as long, in one call that gives nothing back."""
    size, began = 1_000_000, time.thread_time()
    while time.thread_time() - began < BUSY:
        began = time.thread_time()
        sum(range(size))
        size *= 2


async def test_a_long_step_is_found() -> None:
    """By its processor time; the next report begins anew."""
    meter = LoopMeter()
    await asyncio.sleep(0)
    work()
    await asyncio.sleep(0)
    assert meter.report()["own"] >= 1000 * BUSY
    await asyncio.sleep(0)
    assert meter.report()["own"] < 1000 * BUSY


async def test_a_thread_that_keeps_the_lock_is_found() -> None:
    """The loop did nothing, and stood still."""
    meter = LoopMeter()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def keep() -> None:
        keep_the_lock()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=keep).start()
    await ended.wait()
    assert meter.report()["kept"] >= 1000 * BUSY / 2  # the last call took longer than that
