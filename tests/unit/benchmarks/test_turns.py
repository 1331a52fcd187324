import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.benchmarks.bench import Bench, WrongError
from tests.benchmarks.cores import Cores
from tests.benchmarks.kafka import BenchKafka
from tests.benchmarks.report import Report
from tests.benchmarks.turns import Case, in_turn


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Two rounds without a sink."""
    return Bench(
        kafka=BenchKafka("", real=True, name=""),
        sink=cast(Any, None),
        cores=Cores.here(),
        report=Report(),
        folder=tmp_path,
        peers=(),
        quick=False,
        brief=False,
        rounds=2,
    )


def giving(order: list[str], name: str, *values: float | Exception) -> Case[float]:
    """A case that gives one value after the other and writes down its turns."""
    left = iter(values)

    async def measure() -> float:
        order.append(name)
        value = next(left)
        if isinstance(value, Exception):
            raise value
        return value

    return Case(name, cast(Callable[[], Awaitable[float]], measure), 1.0)


async def test_every_round_begins_with_another_case(bench: Bench) -> None:
    """And has them all."""
    order: list[str] = []
    rows = await in_turn(bench, "test", [giving(order, "a", 1, 2), giving(order, "b", 3, 4)])
    assert order == ["a", "b", "b", "a"]
    assert [row.found for row in rows] == [{0: 1, 1: 2}, {0: 3, 1: 4}]
    assert rows[1].rounds(float).median == 3.5
    assert rows[0].label == "a"


async def test_what_goes_wrong_is_reported_and_the_rest_goes_on(bench: Bench) -> None:
    """The row says it, and so does the end of the run."""
    order: list[str] = []
    wrong = giving(order, "a", WrongError("3 are missing"), 2)
    rows = await in_turn(bench, "test", [wrong, giving(order, "b", 3, 4)])
    assert rows[0].found == {1: 2}
    assert rows[0].label == "a (WRONG: 3 are missing)"
    assert rows[1].found == {0: 3, 1: 4}
    assert bench.report.faults == ["test, a: 3 are missing"]


async def test_nothing_begins_when_the_time_is_up(bench: Bench) -> None:
    """It is named, and is no fault."""
    order: list[str] = []
    bench.deadline = time.monotonic() + 0.5
    [row] = await in_turn(bench, "test", [giving(order, "a", 1, 2)])
    assert order == []
    assert row.label == "a (not run: the time is up)"
    assert bench.report.faults == []


async def test_a_figure_that_a_round_lacks_is_left_out(bench: Bench) -> None:
    """Where there is no /proc there is no processor time."""
    [row] = await in_turn(bench, "test", [giving([], "a", 1, 2)])
    assert row.rounds(lambda value: None if value == 1 else value).values == {1: 2}
