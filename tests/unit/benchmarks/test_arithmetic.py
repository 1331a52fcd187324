import pytest

from tests.benchmarks.arithmetic import Rounds, percentile


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.991, 100), (1, 100)]
)
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    """It is the smallest value that enough of all values do not exceed, whatever their order."""
    assert percentile([*range(51, 101), *range(1, 51)], share) == expected


def test_the_only_value_is_every_percentile() -> None:
    """One measurement has a median and a p99."""
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0


@pytest.mark.parametrize("share", [0, -0.1, 1.01, 99])
def test_a_percentile_takes_a_share(share: float) -> None:
    """99 instead of 0.99 is refused."""
    with pytest.raises(ValueError, match="not a share"):
        percentile([1.0], share)


def test_nothing_has_no_percentile() -> None:
    """A run without values does not look like a fast one."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="no values"):
        _ = Rounds({}).median


def test_rounds_have_a_median_and_a_spread() -> None:
    """One bad round moves the spread, not the median."""
    rounds = Rounds({0: 10.0, 1: 2.0, 2: 11.0})
    assert rounds.median == 10.0
    assert rounds.spread == (2.0, 11.0)


def test_a_ratio_is_taken_within_rounds() -> None:
    """A round in which the machine was slow for both does not move the ratio."""
    base = Rounds({0: 100.0, 1: 10.0, 2: 100.0})
    assert Rounds({0: 90.0, 1: 9.0, 2: 90.0}).ratio(base) == pytest.approx(0.9)


def test_a_ratio_needs_a_round_of_both() -> None:
    """Rounds that one of the two lacks are left out; without a common one there is no ratio."""
    base = Rounds({0: 100.0, 1: 0.0})
    assert Rounds({0: 50.0, 1: 80.0, 2: 80.0}).ratio(base) == 0.5
    assert Rounds({2: 80.0}).ratio(base) is None
    assert Rounds({1: 80.0}).ratio(base) is None
