"""Where coverage is measured, and where not (``tests/conftest.py``)."""

import sys

import pytest


@pytest.mark.untraced
def test_an_untraced_test_runs_at_full_speed() -> None:
    """In no process of pytest's: there may be more than one coverage in it."""
    assert sys.gettrace() is None
