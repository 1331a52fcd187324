"""The brokers' time: what they said last, and the time that passed since."""

import pytest

from app.policies.limits.broker_clock import BrokerClock


def test_until_a_broker_has_said_the_time_there_is_only_this_machine() -> None:
    """And no difference that anybody knew of."""
    clock = BrokerClock()
    assert clock.now(local=1000.0, monotonic=5.0) == 1000.0
    assert clock.age(5.0) is None
    assert clock.difference(local=1000.0, monotonic=5.0) is None


@pytest.mark.parametrize("local", [0.0, 2000.0, 1e12])
def test_goes_on_from_a_brokers_word_whatever_this_machine_says(local: float) -> None:
    """Its clock may be anything, and may jump."""
    clock = BrokerClock()
    clock.said(1000.0, monotonic=5.0)
    assert clock.now(local, monotonic=65.0) == 1060.0
    assert clock.difference(local, monotonic=65.0) == local - 1060.0
    assert clock.age(65.0) == 60.0


def test_the_last_word_counts_and_not_the_highest() -> None:
    """A broker's clock that jumped and was set right has not jumped for ever."""
    clock = BrokerClock()
    clock.said(1000.0, monotonic=5.0)
    clock.said(87_400.0, monotonic=6.0)
    clock.said(1002.0, monotonic=7.0)
    assert clock.now(0.0, monotonic=8.0) == 1003.0
