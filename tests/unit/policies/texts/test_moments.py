"""Times within sentences."""

from math import inf

from app.policies.texts.moments import utc_time


def test_a_time_is_written_to_the_second() -> None:
    """As people write it."""
    assert utc_time(1_767_225_599.999) == "2025-12-31 23:59:59 UTC"


def test_a_time_beyond_the_calendar_is_its_last_day() -> None:
    """Another program may have written any number."""
    assert utc_time(inf) == utc_time(1e300) == "9999-12-31 23:59:59 UTC"
