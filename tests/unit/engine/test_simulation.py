"""Workers in a world of faults: nothing is lost, nothing sleeps for ever, the books are right."""

import asyncio
import logging
import random

import pytest

from app.policies.headers.deferral import DELAYS
from tests.support.simulation.clients import kafka_in_memory
from tests.support.simulation.day import TradingDay, held
from tests.support.simulation.loop import (
    PROCESS,
    continue_process,
    now,
    run_in_virtual_time,
    stop_process,
)
from tests.support.simulation.scenario import simulate
from tests.support.simulation.story import Fault

SEEDS = (0, 1, 2, 5, 12, 17, 19, 24, 48)
"""Of the first hundred those that together notice the most mutants of the engine."""


@pytest.mark.untraced  # much the same lines each time, again and again
@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_whatever_happens(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Faults come at random, the same ones each time; what fails tells its story."""
    caplog.set_level(logging.CRITICAL, logger="app")
    simulate(seed)


def test_threads_take_no_time_in_virtual_time() -> None:
    """The simulation waits for nobody: what a thread would do has been done, or has failed."""

    async def both() -> tuple[object, object]:
        works = (asyncio.to_thread(int, "7"), asyncio.to_thread(int, "seven"))
        return await asyncio.gather(*works, return_exceptions=True)

    done, failed = run_in_virtual_time(both())
    assert done == 7
    assert isinstance(failed, ValueError)


def test_a_process_that_stands_still_does_nothing_until_it_goes_on() -> None:
    """Then it does in its order what it would have done; others do not wait for it."""
    done: list[tuple[str, float]] = []

    async def work(name: str) -> None:
        PROCESS.set(name)
        for _ in range(3):
            await asyncio.sleep(1)
            done.append((name, int(now())))

    async def all_of_it() -> None:
        working = asyncio.gather(work("stopped"), work("other"))
        await asyncio.sleep(1.5)
        stop_process("stopped")
        await asyncio.sleep(8)
        assert done == [("stopped", 1), ("other", 1), ("other", 2), ("other", 3)]
        continue_process("stopped")
        await working

    run_in_virtual_time(all_of_it())
    assert done[4:] == [("stopped", 9), ("stopped", 10)]


@pytest.mark.untraced
def test_what_is_late_on_a_trading_day_has_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    """A quarter of an hour of it; the whole is ``python -m tests.support.simulation.day``."""
    caplog.set_level(logging.CRITICAL, logger="app")
    random.seed(1)

    async def pass_by() -> tuple[TradingDay, list[Fault]]:
        day = TradingDay(1, 0.02, 900.0)
        return day, await day.pass_by()

    with kafka_in_memory(DELAYS):
        day, faults = run_in_virtual_time(pass_by())
    assert faults == []
    (late,) = [row for row in day.rows() if row.startswith("published")]
    assert not late.endswith(": 0")
    assert held([b"x" * 1000, day]) < 1200
