"""The breaker: opens when it is not worth asking, and finds out by itself when it is again."""

import pytest

from app.policies.limits.breaker import (
    FIRST_PAUSE,
    GONE_PAUSE,
    LONGEST_PAUSE,
    THRESHOLD,
    Breaker,
    Verdict,
)


def failed(breaker: Breaker, times: int, now: float = 0.0) -> None:
    """Let attempts fail."""
    for _ in range(times):
        breaker.attempt()
        breaker.answered(Verdict.FAILED, now)


def test_opens_on_failures_in_a_row() -> None:
    """One success in between, and it stays closed."""
    breaker = Breaker()
    failed(breaker, THRESHOLD - 1)
    breaker.answered(Verdict.ALIVE, 0.0)
    failed(breaker, THRESHOLD - 1)
    assert breaker.wait(0.0) == 0
    failed(breaker, 1)
    assert breaker.wait(0.0) == FIRST_PAUSE
    assert breaker.wait(FIRST_PAUSE) == 0


def test_lets_one_probe_through_and_waits_for_its_end() -> None:
    """While the probe is out nothing else goes; when it succeeds, everything does."""
    breaker = Breaker()
    failed(breaker, THRESHOLD)
    breaker.attempt()
    assert breaker.wait(10.0) == float("inf")
    breaker.answered(Verdict.ALIVE, 10.0)
    assert (breaker.open, breaker.wait(10.0)) == (False, 0.0)


def test_pauses_double_from_probe_to_probe_up_to_a_bound() -> None:
    """A destination that is down for long is asked seldom; one that comes back starts anew."""
    breaker = Breaker()
    failed(breaker, THRESHOLD)
    pauses, now = [], 0.0
    for _ in range(12):
        pauses.append(breaker.wait(now))
        now += pauses[-1]
        failed(breaker, 1, now)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST_PAUSE
    breaker.attempt()
    breaker.answered(Verdict.ALIVE, now)
    failed(breaker, THRESHOLD, now)
    assert breaker.wait(now) == FIRST_PAUSE


def test_failures_of_what_was_under_way_when_it_opened_are_no_news() -> None:
    """Sixteen that fail together are one opening, not twelve."""
    breaker = Breaker()
    for _ in range(16):
        breaker.answered(Verdict.FAILED, 0.0)
    assert breaker.wait(0.0) == FIRST_PAUSE


def test_opens_at_once_on_a_denial() -> None:
    """401 and 403 do not change by asking again."""
    breaker = Breaker()
    breaker.attempt()
    breaker.answered(Verdict.DENIED, 0.0)
    assert breaker.open
    assert not breaker.gone


def test_what_is_gone_is_asked_once_in_an_hour_or_when_somebody_says_so() -> None:
    """And it may come back."""
    breaker = Breaker()
    breaker.answered(Verdict.GONE, 0.0)
    assert (breaker.gone, breaker.wait(0.0)) == (True, GONE_PAUSE)
    breaker.probe_now(5.0)
    assert breaker.wait(5.0) == 0
    breaker.attempt()
    breaker.answered(Verdict.ALIVE, 5.0)
    assert (breaker.gone, breaker.open) == (False, False)


def test_a_probe_that_tells_nothing_can_be_made_again() -> None:
    """Cancelled, or asked for patience: the next one is the probe."""
    breaker = Breaker()
    failed(breaker, THRESHOLD)
    breaker.attempt()
    breaker.abandoned()
    assert breaker.wait(10.0) == 0
    assert breaker.open


@pytest.mark.parametrize("failures", [THRESHOLD, 1000])
def test_without_a_threshold_failures_never_open_it(failures: int) -> None:
    """Where nothing can be put aside, everything is to have its attempts."""
    breaker = Breaker(None)
    failed(breaker, failures)
    assert not breaker.open
    breaker.answered(Verdict.GONE, 0.0)
    assert breaker.open


def test_probing_now_changes_nothing_where_all_is_well() -> None:
    """A closed breaker stays closed."""
    breaker = Breaker()
    breaker.probe_now(0.0)
    assert not breaker.open
