"""The gate: limits, breaker and duration together decide whether a destination is asked."""

import pytest

from app.policies.limits.breaker import THRESHOLD, Verdict
from app.policies.limits.budget import Budget
from app.policies.limits.gate import PROBING, Gate, verdict_of
from app.values.channel import PublishedLimit
from app.values.outcome import (
    Allowance,
    Delivered,
    Denied,
    Expired,
    Gone,
    Outcome,
    RateLimited,
    Rejected,
    Retry,
)
from app.values.snapshot import DestinationState

FAILED = Verdict.FAILED


def ask(gate: Gate, verdict: Verdict, now: float, took: float = 0.0) -> None:
    """Make one request."""
    gate.end(gate.begin(now), verdict, None, now + took)


def broken(now: float = 0.0) -> Gate:
    """Return a gate to a destination that has just failed too often."""
    gate = Gate(16, breaks=True)
    for _ in range(THRESHOLD):
        ask(gate, FAILED, now)
    return gate


def test_one_at_a_time_until_the_destination_has_answered() -> None:
    """A failure to answer is no answer."""
    gate = Gate(16, breaks=True)
    ask(gate, FAILED, 0.0)
    assert gate.room() == 1
    ask(gate, Verdict.ALIVE, 0.0)
    assert gate.room() == 16


def test_a_broken_destination_is_probed_by_one_request() -> None:
    """While it is under way nothing else goes; its success lets everything through."""
    gate = broken()
    assert gate.state(0.0) == (DestinationState.BROKEN, 1.0)
    assert gate.wait(1.0) == 0
    assert gate.requests_left is None
    number = gate.begin(1.0)
    assert gate.wait(1.0) == PROBING
    gate.end(number, Verdict.ALIVE, None, 1.1)
    assert gate.wait(1.1) == 0
    assert gate.state(1.1) == (DestinationState.OPEN, None)


def test_what_was_under_way_before_the_probe_is_not_its_answer() -> None:
    """Or time-outs that end one after the other would be taken for as many failed probes."""
    gate = Gate(16, breaks=True)
    ask(gate, Verdict.ALIVE, 0.0)
    begun = [gate.begin(0.0) for _ in range(16)]
    for number in begun[:THRESHOLD]:
        gate.end(number, FAILED, None, 10.0)
    probe = gate.begin(11.0)
    for number in begun[THRESHOLD:-1]:
        gate.end(number, FAILED, None, 12.0)
    gate.abandon(begun[-1])
    assert gate.wait(12.0) == PROBING
    gate.end(probe, FAILED, None, 21.0)
    assert gate.state(21.0) == (DestinationState.BROKEN, 2.0)


def test_an_abandoned_request_tells_nothing() -> None:
    """A cancelled probe is none."""
    gate = broken()
    gate.abandon(gate.begin(1.0))
    assert gate.wait(1.0) == 0
    assert gate.active == 0


def test_a_gone_destination_says_so() -> None:
    """For an hour, or until somebody asks for a probe."""
    gate = Gate(16, breaks=False)
    ask(gate, Verdict.GONE, 0.0)
    assert gate.gone
    assert gate.state(0.0) == (DestinationState.GONE, 3600.0)
    gate.probe_now(10.0)
    assert gate.wait(10.0) == 0


def test_limits_show_as_such() -> None:
    """A hold, and a period that is used up."""
    gate = Gate(16, breaks=True)
    gate.hold(5.0)
    assert gate.state(1.0) == (DestinationState.RATE_LIMITED, 4.0)
    gate = Gate(16, breaks=True)
    gate.end(gate.begin(0.0), Verdict.ALIVE, Allowance(1, 0, 2.0), 0.0)
    assert gate.state(0.5) == (DestinationState.RATE_LIMITED, 1.5)
    assert gate.requests_left == 0
    assert not gate.settled_down(0.5)
    assert gate.settled_down(2.0)


def test_estimates_the_wait_by_what_requests_take() -> None:
    """A hundred at a tenth of a second each, sixteen at once."""
    gate = Gate(16, breaks=True)
    for _ in range(50):
        ask(gate, Verdict.ALIVE, 0.0, took=0.1)
    assert gate.expected_wait(0.0, queued=160, merged=1) == pytest.approx(1.0, rel=0.01)


def test_a_request_that_hangs_counts_for_what_it_has_taken() -> None:
    """A destination that stops answering is noticed while it does not answer."""
    gate = Gate(10, breaks=True)
    ask(gate, Verdict.ALIVE, 0.0, took=0.001)
    gate.begin(1.0)
    assert gate.expected_wait(1.001, queued=100, merged=1) < 0.1
    assert gate.expected_wait(2.0, queued=100, merged=1) == pytest.approx(10.0)


def test_a_known_limit_sets_the_pace() -> None:
    """Five requests in two seconds with ten each are twenty-five a second."""
    gate = Gate(16, breaks=True)
    gate.end(gate.begin(0.0), Verdict.ALIVE, Allowance(5, 4, 2.0), 0.001)
    assert gate.expected_wait(0.002, queued=250, merged=10) == pytest.approx(10.0, rel=0.01)


def test_a_broken_destination_is_a_long_wait() -> None:
    """Even before its next probe is far away."""
    assert broken().expected_wait(0.0, queued=1, merged=1) > 50


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (Verdict.ALIVE, Verdict.ALIVE),
        ([Rejected("400")], Verdict.ALIVE),
        ([Expired()], Verdict.ALIVE),
        ([Retry("503")], Verdict.FAILED),
        ([Retry("450", target_alone=True)], Verdict.ALIVE),
        ([Retry("450", target_alone=True), Retry("451")], Verdict.ALIVE),
        ([Retry("451"), Delivered()], Verdict.ALIVE),
        ([Denied("401")], Verdict.TURNED_AWAY),
        ([Denied("401"), Delivered()], Verdict.ALIVE),
        ([Denied("wrong signature", certain=True)], Verdict.DENIED),
        ([Gone("410"), Delivered()], Verdict.GONE),
        ([RateLimited("429")], None),
        ([RateLimited("429"), Delivered()], Verdict.ALIVE),
    ],
)
def test_what_outcomes_tell_about_the_destination(
    outcomes: list[Outcome], verdict: Verdict | None
) -> None:
    """One bad notification is not a bad destination; patience asked for is no failure."""
    assert verdict_of(outcomes) is verdict


def test_trouble_is_remembered_for_an_hour_after_its_next_probe_was_due() -> None:
    """Then whoever writes there again finds out anew; memory does not grow with dead addresses."""
    gate = broken()
    assert not gate.settled_down(3600.0)
    assert gate.settled_down(3601.0)
    gate.begin(3601.0)
    assert not gate.settled_down(9999.0)


def test_a_published_limit_is_kept_beside_one_that_is_told() -> None:
    """The stricter of the two counts; while it makes things wait, the destination is limited."""
    gate = Gate(1, breaks=True, budget=Budget((PublishedLimit(20, 60.0),)))
    state, wait = gate.state(0.0)
    assert (state, wait) == (
        DestinationState.RATE_LIMITED,
        Budget((PublishedLimit(20, 60.0),)).wait(0.0),
    )
    assert gate.wait(60.0) == 0
    assert gate.requests_left == 6
    gate.end(gate.begin(60.0), Verdict.ALIVE, Allowance(3, 2, 1.0), 60.0)
    assert gate.wait(60.0) == 0
    assert gate.requests_left == 2
    gate.end(gate.begin(60.0), Verdict.ALIVE, Allowance(99, 98, 1.0), 62.0)
    assert gate.wait(62.0) == 0
    assert gate.requests_left == 4
    assert gate.expected_wait(62.0, queued=60, merged=3) == pytest.approx(100.0, rel=0.1)


def test_a_yes_by_the_short_way_teaches_what_any_yes_teaches() -> None:
    """Nothing is known but that it accepts; whatever else becomes known counts at once."""
    gate = Gate(2, breaks=True)
    gate.end(gate.begin(0.0), Verdict.ALIVE, None, 0.1)
    assert gate.calm
    gate.end(gate.begin(0.2), Verdict.ALIVE, None, 0.3)
    assert (gate.calm, gate.wait(0.3), gate.room(), gate.active) == (True, 0.0, 2, 0)
    gate.hold(5.0)
    assert (gate.calm, gate.wait(1.0)) == (False, 4.0)
    assert gate.wait(5.0) == 0.0
    gate.end(gate.begin(5.0), Verdict.ALIVE, Allowance(5, 0, 10.0), 5.1)
    assert (gate.calm, round(gate.wait(6.1), 6)) == (False, 9.0)


def test_a_failure_ends_the_short_way() -> None:
    """Failures in a row are counted, and a yes in between counts, too."""
    gate = Gate(8, breaks=True)
    gate.end(gate.begin(0.0), Verdict.ALIVE, None, 0.1)
    for _ in range(2):
        for _ in range(THRESHOLD - 1):
            gate.end(gate.begin(0.2), Verdict.FAILED, None, 0.3)
            assert not gate.calm
        assert not gate.broken
        gate.end(gate.begin(0.4), Verdict.ALIVE, None, 0.5)
        assert gate.calm
