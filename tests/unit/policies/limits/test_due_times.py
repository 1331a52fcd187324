"""When records come due: by the clocks as long as they can be right, never before their delay."""

from hypothesis import given
from hypothesis import strategies as st

from app.policies.limits.due_times import FINENESS, FIRST_LOOK, Sightings

DELAY = 30.0


def seen(*ends: tuple[int, float]) -> Sightings:
    """Return a log whose end was seen at some times."""
    sightings = Sightings(DELAY)
    for end, at in ends:
        sightings.saw(end, at, at)
    return sightings


def test_the_clocks_are_believed_while_they_can_be_right() -> None:
    """Written between 100 and 102: due between 130 and 132, and the clock says when exactly."""
    log = seen((5, 100.0), (6, 102.0))
    assert log.due_in(5, 10.5, 120.0) == 10.5


def test_a_clock_that_is_ahead_makes_nothing_due_too_early() -> None:
    """It says that the record has been due for a minute; it was not there 20 s ago."""
    log = seen((5, 100.0), (6, 102.0))
    assert log.due_in(5, -40.0, 120.0) == 12.0


def test_a_clock_that_is_behind_holds_nothing_for_longer() -> None:
    """It says ten minutes; the record has been there for 18 s."""
    log = seen((5, 100.0), (6, 102.0))
    assert log.due_in(5, 600.0, 120.0) == 12.0


def test_what_was_there_before_anybody_looked_is_left_to_the_clocks() -> None:
    """But for the delay, which begins when it is first seen at the latest."""
    log = seen((5, 100.0), (6, 102.0))
    assert log.due_in(3, -40.0, 120.0) == -40.0
    assert log.due_in(3, 600.0, 120.0) == 10.0


def test_nothing_is_due_before_the_first_look() -> None:
    """What is deferred again then stands behind what was seen, and waits its delay."""
    log = Sightings(DELAY)
    assert log.due_in(3, -600.0, 120.0) > 0
    log.saw(4, 121.0, 121.0)
    assert log.due_in(3, -600.0, 121.5) <= 0
    assert log.due_in(4, -600.0, 121.5) == DELAY


def test_the_first_look_is_not_waited_for_without_end() -> None:
    """Later the clocks are believed; the wait begins when something is first asked for."""
    log = Sightings(DELAY)
    assert log.due_in(3, -40.0, 120.0) == FIRST_LOOK
    assert log.due_in(3, 600.0, 124.0) == FIRST_LOOK - 4.0
    assert log.due_in(3, -40.0, 120.0 + FIRST_LOOK) == -40.0
    assert log.due_in(3, 600.0, 120.0 + FIRST_LOOK) == DELAY


def test_what_was_written_since_the_last_look_waits_its_delay() -> None:
    """It is not known yet when it was written, but that it was after 100."""
    log = seen((5, 100.0))
    assert log.due_in(7, -40.0, 101.0) == DELAY
    assert log.due_in(7, 29.5, 101.0) == 29.5


def test_a_log_in_which_nothing_happens_is_seen_ending_there_to_the_last() -> None:
    """So what comes next is known to be new."""
    log = seen((5, 100.0), (5, 150.0), (6, 151.0))
    assert log.due_in(5, -1.0, 152.0) == 29.0
    assert log.due_in(4, 600.0, 152.0) == -22.0


def test_a_log_that_lost_its_tail_is_believed_as_it_is_now() -> None:
    """The offsets that come again are of new records."""
    log = seen((5, 100.0), (9, 110.0), (6, 120.0), (9, 125.0))
    assert log.due_in(8, -100.0, 126.0) == 29.0


APART = 5.0 + 2 * 0.5 + DELAY / FINENESS
"""Seconds that two sightings are apart at most, in the next test."""


@given(
    st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(0, 3), st.floats(0.0, 0.5)), max_size=200),
    st.floats(-1e6, 1e6),
)
def test_no_clock_makes_a_record_due_before_its_delay(
    looks: list[tuple[float, int, float]], by_clock: float
) -> None:
    """Nor keeps it for longer: by as much as two looks are apart it is believed, and no further."""
    now, written, log = 0.0, [], Sightings(DELAY)
    log.saw(0, now, now)
    for pause, count, latency in looks:
        written += [now + pause / 2] * count
        now += pause
        log.saw(len(written), now, now + latency)
        now += latency
        for offset, at in enumerate(written):
            if now - at < DELAY:
                due_in = log.due_in(offset, by_clock, now)
                early = at + DELAY - (now + due_in)
                assert -APART <= early <= (APART if due_in == by_clock else 1e-6)
    assert len(log._ends) <= FINENESS + 3


@given(st.floats(0.0, 29.0))
def test_a_clock_that_is_right_is_right_to_the_second(at: float) -> None:
    """What it says is not changed."""
    log = seen((0, 0.0), (5, at), (6, at + 0.5))
    now = at + 1.0
    by_clock = at + 0.25 + DELAY - now
    assert log.due_in(5, by_clock, now) == by_clock
