"""Pacing: limits are learned from answers, kept, and never assumed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.limits.pacing import InvalidRequests, Pacer
from app.values.channel import RefusalLimit
from app.values.outcome import Allowance


def test_begins_with_one_at_a_time_until_it_was_answered() -> None:
    """Whether there is a limit, the first answer shows."""
    pacer = Pacer(16)
    assert pacer.room(0) == 1
    pacer.began(0.0)
    assert pacer.room(1) == 0
    pacer.answered(None, 0.1)
    assert pacer.room(1) == 15
    assert pacer.rate is None


def test_keeps_to_what_the_destination_allows() -> None:
    """Five in two seconds: after the first answer four more, then none until the next period."""
    pacer = Pacer(16)
    pacer.began(0.0)
    pacer.answered(Allowance(5, 4, 2.0), 0.0)
    assert (pacer.wait(0.0), pacer.room(0)) == (0.0, 4)
    for _ in range(4):
        pacer.began(0.1)
    assert pacer.room(4) == 0
    assert pacer.wait(0.5) == pytest.approx(1.5)
    assert pacer.wait(2.0) == 0
    assert pacer.room(0) == 5
    assert pacer.rate == 2.5


def test_a_period_begins_with_its_first_request() -> None:
    """A pause between two periods gives nothing away, and takes nothing."""
    pacer = Pacer(16)
    pacer.answered(Allowance(2, 1, 2.0), 0.0)
    assert pacer.wait(10.0) == 0
    pacer.began(10.0)
    pacer.began(10.0)
    assert pacer.wait(10.5) == pytest.approx(1.5)
    pacer.answered(Allowance(2, 0, 1.0), 10.5)  # the period is what the answer says it is
    assert pacer.wait(11.0) == pytest.approx(0.5)


def test_late_answers_do_not_raise_what_is_left() -> None:
    """An answer does not count what was under way when it was made."""
    pacer = Pacer(16)
    pacer.answered(Allowance(5, 4, 2.0), 0.0)
    for _ in range(4):
        pacer.began(0.0)
    pacer.answered(Allowance(5, 3, 1.9), 0.1)
    assert pacer.room(3) == 0
    assert pacer.wait(0.2) > 1.5


def test_a_limit_whose_size_is_not_said_lets_one_find_out() -> None:
    """After the period one request goes."""
    pacer = Pacer(16)
    pacer.answered(Allowance(None, 0, 1.0), 0.0)
    assert pacer.wait(0.5) == 0.5
    assert pacer.wait(1.0) == 0
    assert pacer.room(0) == 1


def test_nothing_goes_before_the_end_of_a_hold() -> None:
    """The longer of two holds counts."""
    pacer = Pacer(16)
    pacer.hold(5.0)
    pacer.hold(3.0)
    assert pacer.wait(1.0) == 4.0
    assert pacer.held_until == 5.0
    assert pacer.wait(5.0) == 0
    assert pacer.held_until is None


@given(
    st.lists(
        st.tuples(st.integers(0, 10), st.integers(0, 10), st.floats(0, 5), st.floats(0.01, 3)),
        max_size=30,
    )
)
def test_never_stands_still_for_ever(answers: list[tuple[int, int, float, float]]) -> None:
    """Whatever is answered, or not, there is a time from which on a request may be made."""
    pacer, now = Pacer(4), 0.0
    for limit, remaining, reset_after, step in answers:
        if pacer.wait(now) == 0 and pacer.room(0):
            pacer.began(now)
        pacer.answered(Allowance(limit or None, remaining, reset_after), now)
        now += step
    wait = pacer.wait(now)
    assert wait <= 5.0
    assert pacer.wait(now + wait + 0.001) == 0
    assert pacer.room(0) >= 1


def test_refused_requests_are_spaced_before_the_budget_is_used_up() -> None:
    """Half of it is free; after that the pauses grow, and the window never sees too many."""
    budget = InvalidRequests(RefusalLimit(budget=100, window=600.0))
    now, times = 0.0, []
    for _ in range(400):
        times.append(now)
        now += 0.01 + budget.refused(now)
    assert times[49] < 1.0
    for first in times:
        assert sum(first <= each < first + 600 for each in times) <= 101
    assert now > 1200


def test_a_block_of_unknown_length_is_found_out_by_doubling() -> None:
    """DingTalk blocks for ten minutes and says nothing of it; what it lets through ends that."""
    pacer, now, waits = Pacer(1), 0.0, []
    for _ in range(6):
        until = pacer.limited(now, 60.0, now, longest=600.0)
        waits.append(until - now)
        now = until
    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
    pacer.accepted()
    assert pacer.limited(now, 60.0, now, longest=600.0) == now + 60.0


def test_requests_that_were_under_way_lengthen_no_block() -> None:
    """They are refused for the same reason."""
    pacer = Pacer(4)
    pacer.limited(0.0, 1.0, 1.0, longest=60.0)
    pacer.limited(0.5, 1.0, 1.1, longest=60.0)
    assert pacer.limited(3.0, 1.0, 3.1, longest=60.0) == pytest.approx(5.1)
