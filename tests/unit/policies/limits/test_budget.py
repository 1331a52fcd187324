"""Published limits: kept in every period, whoever else keeps them, and whenever somebody came."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.limits.budget import SOON, UNLIMITED, Budget, Budgets
from app.values.channel import PublishedLimit

MINUTE = PublishedLimit(20, 60.0)
FEISHU = (PublishedLimit(5, 1.0), PublishedLimit(100, 60.0))


def most_within(times: list[float], seconds: float) -> int:
    """Return the highest number of requests in any period of that length."""
    return max((sum(at <= each < at + seconds for each in times) for at in times), default=0)


def left(budget: Budget, now: float) -> int | None:
    """Return what is left when somebody looks."""
    budget.wait(now)
    return budget.left


def spend_all(budget: Budget, start: float, end: float, step: float = 0.1) -> list[float]:
    """Make a request whenever one may be made; return when they were made."""
    made: list[float] = []
    now = start
    while now < end:
        if budget.wait(now) <= 0:
            budget.spend(now)
            made.append(now)
        now += step
    return made


def test_without_limits_nothing_waits() -> None:
    """Of services that tell their limits nothing is assumed."""
    UNLIMITED.spend(0.0)
    assert (UNLIMITED.wait(0.0), UNLIMITED.left, UNLIMITED.rate) == (0.0, None, None)


def test_it_is_empty_at_the_start_and_fills_evenly() -> None:
    """Whoever was here a minute ago may have spent everything."""
    budget = Budget((MINUTE,), now=100.0)
    assert budget.wait(100.0) == pytest.approx(5.0)
    assert budget.wait(105.0) == pytest.approx(0.0)
    assert left(budget, 105.0) == 1
    assert left(budget, 500.0) == 6
    budget.spend(500.0)
    assert left(budget, 500.0) == 5
    assert budget.rate == pytest.approx(0.2)


def test_each_of_several_limits_is_kept() -> None:
    """Five a second and a hundred a minute, with room for others."""
    budget = Budget(FEISHU)
    made = spend_all(budget, 0.0, 300.0, 0.01)
    assert most_within(made, 1.0) <= 4
    assert 60 <= most_within(made, 60.0) <= 90


@given(workers=st.integers(1, 8), seed=st.integers(0, 10_000))
def test_workers_that_come_and_go_keep_a_limit_together(workers: int, seed: int) -> None:
    """Even if each spends whatever it may, and any of them is replaced at any moment."""
    chance = Random(seed)
    share = 1 / workers
    group = [Budget((MINUTE,), share) for _ in range(workers)]
    made: list[float] = []
    for tick in range(900):
        now = tick / 5
        for place, budget in enumerate(group):
            if chance.random() < 0.002:
                group[place] = Budget((MINUTE,), share, now)
            elif budget.wait(now) <= 0 and chance.random() < 0.9:
                budget.spend(now)
                made.append(now)
    assert most_within(made, 60.0) <= 20


def test_a_small_share_goes_on_slowly() -> None:
    """With more workers than requests each still gets its turn."""
    budget = Budget((MINUTE,), share=0.02)
    made = spend_all(budget, 0.0, 5000.0, 1.0)
    assert 5 <= len(made) <= 20


def test_no_share_at_all_waits_and_does_not_fail() -> None:
    """A worker without partitions has nothing to send."""
    assert Budget((MINUTE,), share=0.0).wait(0.0) > 60


def test_what_has_room_soon_counts_as_left() -> None:
    """Three at once to a robot that takes five a second are three messages."""
    budget = Budget((PublishedLimit(5, 1.0),))
    assert left(budget, 10.0) == int(1.5 + 3.0 * SOON)
    budget.spend(10.0)
    assert budget.wait(10.0) > 0


def test_budgets_are_kept_by_destination_and_begin_anew_with_another_share() -> None:
    """A rebalance gives others a share of which nobody knows how much was spent."""
    all_budgets = Budgets(0.0)
    one = all_budgets.of("one", (MINUTE,))
    assert all_budgets.of("one", (MINUTE,)) is one
    assert all_budgets.of("none", ()) is UNLIMITED
    assert left(one, 60.0) == 6
    all_budgets.begin(0.5, 60.0)
    assert one.wait(60.0) == pytest.approx(10.0)
    assert all_budgets.of("two", (MINUTE,)).wait(70.0) == pytest.approx(0.0)


def test_full_budgets_are_forgotten_unless_somebody_has_them() -> None:
    """There may be any number of destinations; another share is everybody's who has one."""
    all_budgets = Budgets(0.0)
    spent, used = (all_budgets.of(name, (MINUTE,)) for name in ("spent", "used"))
    all_budgets.of("full", (MINUTE,))
    spent.spend(60.0)
    all_budgets.forget_full({"used"}, 60.0)
    assert all_budgets.of("spent", (MINUTE,)) is spent
    assert all_budgets.of("used", (MINUTE,)) is used
    assert set(all_budgets._known) == {"spent", "used"}
    all_budgets.begin(0.5, 60.0)
    assert used.wait(60.0) == pytest.approx(10.0)
