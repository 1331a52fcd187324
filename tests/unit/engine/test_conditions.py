"""Conditions begin, last and end; what stops work is the problem, the rest are warnings."""

import logging

import pytest

from app.engine.conditions import MOST_OF_A_KIND, Conditions


class Clock:
    """A clock that the test sets."""

    time = 100.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """A clock at 100."""
    return Clock()


@pytest.fixture
def conditions(clock: Clock) -> Conditions:
    """No conditions yet."""
    return Conditions(clock)


def test_a_condition_keeps_its_beginning_and_takes_a_new_text(
    conditions: Conditions, clock: Clock
) -> None:
    """It is the same one as long as kind and subject are."""
    conditions.begin("clock", "30 s apart")
    clock.time = 105.0
    conditions.begin("clock", "31 s apart")
    [only] = conditions.snapshot()
    assert (only.text, only.since) == ("31 s apart", 100.0)


def test_each_beginning_and_end_is_logged_once(
    conditions: Conditions, caplog: pytest.LogCaptureFixture
) -> None:
    """What lasts is not said again and again."""
    caplog.set_level(logging.INFO)
    for _ in range(3):
        conditions.begin("topic", "a is missing", subject="a")
    conditions.end("topic", "a")
    conditions.end("topic", "a")
    assert caplog.messages == ["a is missing", "no longer: a is missing"]


def test_only_what_stops_work_is_a_problem(conditions: Conditions) -> None:
    """All problems are named."""
    conditions.begin("clock", "clocks differ")
    assert conditions.problem is None
    conditions.begin("topic", "a is missing", subject="a", stops_work=True)
    conditions.begin("topic", "b is missing", subject="b", stops_work=True)
    assert conditions.problem == "a is missing; b is missing"


def test_a_kind_is_replaced_as_a_whole(conditions: Conditions) -> None:
    """What is not named any more has ended; other kinds stay."""
    conditions.begin("clock", "clocks differ")
    conditions.replace("topic", {"a": "a is missing", "b": "b is missing"})
    conditions.replace("topic", {"b": "b is missing", "c": "c is missing"})
    assert [each.subject for each in conditions] == ["", "b", "c"]


def test_conditions_of_a_kind_are_bounded(conditions: Conditions) -> None:
    """A thousand broken topics do not fill the health answer."""
    conditions.replace("topic", {str(number): "missing" for number in range(1000)})
    assert len(conditions.snapshot()) == MOST_OF_A_KIND


def test_a_stop_forgets_all(conditions: Conditions) -> None:
    """A stopped worker has no conditions."""
    conditions.begin("clock", "clocks differ", stops_work=True)
    conditions.forget()
    assert conditions.snapshot() == ()
    assert conditions.problem is None


def test_a_text_is_shortened_when_it_is_kept(conditions: Conditions) -> None:
    """It may name what producers wrote."""
    conditions.begin("clock", "x" * 10**6)
    (kept,) = conditions.snapshot()
    assert len(kept.text) == 1000


def test_what_has_happened_is_shown_for_an_hour(
    conditions: Conditions, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged each time it happens, and ends without a word."""
    conditions.note("topic_recreated", "a was recreated", subject="a")
    clock.time += 1800
    conditions.note("topic_recreated", "a was recreated again", subject="a")
    clock.time += 3599
    assert [each.text for each in conditions] == ["a was recreated again"]
    clock.time += 1
    assert conditions.snapshot() == ()
    assert len(caplog.records) == 2
    conditions.begin("topic_recreated", "it lasts", subject="a")
    clock.time += 7200
    assert [each.text for each in conditions] == ["it lasts"]
