import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.parsing.times import Lifetime, read_lifetime, read_time
from app.policies.texts.notes import Notes


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
    notes = Notes()
    assert read_time(text, "timestamp", notes) == seconds
    assert notes.all() == ()


@pytest.mark.parametrize(
    "given_time",
    [
        "now",
        "2026-13-01",
        "10000-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        1_767_268_800,
        0,
        False,
        [],
        {},
    ],
)
def test_what_is_no_time_is_left_out(given_time: object) -> None:
    """So is a time that UTC has no date for; a note says what was expected."""
    notes = Notes()
    assert read_time(given_time, "timestamp", notes) is None
    (note,) = notes.all()
    assert note.field == "timestamp"
    assert note.problem.startswith("expected an ISO 8601 time")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_noted(text: str) -> None:
    """Nothing is raised."""
    notes = Notes()
    seconds = read_time(text, "timestamp", notes)
    assert seconds is None or not notes.all()


def lifetime(expires_at: object, ttl_seconds: object) -> Lifetime:
    """Read a lifetime that begins at 1,000 s."""
    return read_lifetime(expires_at, ttl_seconds, 1000.0, Notes())


@pytest.mark.parametrize(
    ("expires_at", "ttl_seconds", "ends_at"),
    [
        (None, None, None),
        ("", "", None),
        ("1970-01-01T00:01:00Z", None, 60.0),
        (None, 60, 1060.0),
        (None, "60", 1060.0),
        (None, 0.5, 1000.5),
        ("1970-01-01T00:20:00Z", 60, 1060.0),
        ("1970-01-01T00:01:00Z", 60, 60.0),
    ],
)
def test_a_lifetime_ends_at_the_earlier_of_two_ends(
    expires_at: object, ttl_seconds: object, ends_at: float | None
) -> None:
    """A moment, or a number of seconds from its beginning."""
    assert lifetime(expires_at, ttl_seconds) == Lifetime(ends_at, unknown=False)


@pytest.mark.parametrize("ttl_seconds", [-1, True, "soon", "NaN", "-0.1", [], 10**400])
def test_a_time_to_live_that_cannot_be_read_is_not_taken_for_endless(ttl_seconds: object) -> None:
    """What was meant to end soon must not arrive late."""
    assert lifetime(None, ttl_seconds) == Lifetime(None, unknown=True)


@pytest.mark.parametrize("expires_at", ["tomorrow", 1_767_268_800, "2026-02-30", {}])
def test_an_end_that_cannot_be_read_is_not_taken_for_never(expires_at: object) -> None:
    """Whether or not the other end can be read."""
    assert lifetime(expires_at, None) == Lifetime(None, unknown=True)
    assert lifetime(expires_at, 60) == Lifetime(1060.0, unknown=True)


def test_an_end_that_cannot_be_read_is_noted() -> None:
    """With what becomes of the notification."""
    notes = Notes()
    read_lifetime("tomorrow", "soon", 0.0, notes)
    assert [note.field for note in notes.all()] == ["expires_at", "ttl_seconds"]
    assert all("at the first attempt or not at all" in note.problem for note in notes.all())


def test_an_endless_time_to_live_ends_with_the_calendar() -> None:
    """So that the time can still be shown."""
    end = read_time("9999-12-31T23:59:59Z", "", Notes())
    assert lifetime(None, 1e300) == Lifetime(end, unknown=False)
