"""Back-off: exponential, jittered, bounded, never sooner than the destination asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.retry import RetryPolicy

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
    assert [POLICY.exhausted(made) for made in (4, 5, 6)] == [False, True, True]
