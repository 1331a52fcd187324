import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing.times import read_expiry, read_time
from app.values.errors import InvalidRecordError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("1970-01-01T00:00:10", 10.0),
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T08:00:10+08:00", 10.0),
        ("1970-01-01 00:00:10.25", 10.25),
        ("1970-01-02", 86_400.0),
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
    ],
)
def test_iso_8601_is_read(text: str | None, seconds: float | None) -> None:
    """A naive time means UTC, nothing means nothing."""
    assert read_time(text, "timestamp") == seconds


@pytest.mark.parametrize(
    "text",
    ["now", "2026-13-01", "10000-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """So is a time that UTC has no date for."""
    with pytest.raises(InvalidRecordError, match="timestamp: expected an ISO 8601 time"):
        read_time(text, "timestamp")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        seconds = read_time(text, "timestamp")
    except InvalidRecordError:
        return
    assert seconds is None or isinstance(seconds, float)


def test_an_endless_time_to_live_ends_with_the_calendar() -> None:
    """So that the time can still be shown."""
    assert read_expiry(None, 1e300, 0.0) == read_time("9999-12-31T23:59:59Z", "")
