import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.texts.numbers import plain_number


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (12.5, "12.5"),
        (150.0, "150.0"),
        (0.00001234, "0.00001234"),
        (-1e-7, "-0.0000001"),
        (1e22, "10000000000000000000000"),
        (1.5e16, "15000000000000000"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e300, "1e+300"),
        (5e-324, "5e-324"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_number_reads_as_a_person_writes_it(number: float, written: str) -> None:
    """Without a power of ten, unless nobody could count its zeros."""
    assert plain_number(number) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_is_lost(number: float) -> None:
    """What is written means the same number."""
    assert float(plain_number(number)) == number
