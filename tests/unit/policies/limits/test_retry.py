"""Back-off: exponential, jittered, bounded, never sooner than the destination asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.limits.retry import RetryPolicy

POLICY = RetryPolicy(max_attempts=5, base_delay=1.0, max_delay=60.0)


@pytest.mark.parametrize(("attempts", "ceiling"), [(1, 1), (2, 2), (3, 4), (7, 60), (5000, 60)])
def test_the_ceiling_doubles_up_to_the_longest_delay(attempts: int, ceiling: float) -> None:
    """With the worst of luck a delay is the ceiling, with the best nothing."""
    assert POLICY.delay(attempts, 1.0) == ceiling
    assert POLICY.delay(attempts, 0.0) == 0


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1e6))
def test_never_sooner_than_asked(attempts: int, chance: float, asked: float) -> None:
    """What the destination asked for is the least."""
    assert POLICY.delay(attempts, chance, asked) >= asked


def test_is_exhausted_after_the_last_attempt() -> None:
    """Five attempts are five, the first one included."""
    made = [POLICY.exhausted(attempts, deferred=False) for attempts in (4, 5, 6)]
    assert made == [False, True, True]


def test_what_comes_from_a_retry_topic_has_one_attempt() -> None:
    """Each time it is due it is tried once; without deferring there are the usual ones."""
    patient = RetryPolicy(5, 1.0, 60.0, max_age=100.0)
    assert patient.exhausted(1, deferred=True)
    assert not patient.exhausted(1, deferred=False)
    assert not POLICY.exhausted(1, deferred=True)


def test_is_too_old_at_its_age_and_never_before_it_has_failed() -> None:
    """Age counts from the first failure."""
    patient = RetryPolicy(5, 1.0, 60.0, max_age=100.0)
    assert not patient.too_old(None, 1e9)
    assert not patient.too_old(1000.0, 1099.9)
    assert patient.too_old(1000.0, 1100.0)
    assert (POLICY.defers, patient.defers) == (False, True)
