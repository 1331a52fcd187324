"""The books balance, whatever becomes of targets."""

from hypothesis import given
from hypothesis import strategies as st

from app.policies.books.statistics import (
    MAX_CHANNELS,
    MAX_DESTINATIONS,
    OTHER_CHANNELS,
    OTHERS,
    Statistics,
    Verdict,
    frozen,
    verdict,
)

TARGETS = st.integers(0, 4)


@given(st.lists(st.tuples(TARGETS, TARGETS, TARGETS)))
def test_consumed_is_the_sum_of_its_parts(notifications: list[tuple[int, int, int]]) -> None:
    """Consumed = sent + failed + partial + expired after every single settlement."""
    statistics = Statistics()
    for count, (delivered, failed, expired) in enumerate(notifications, start=1):
        statistics.settle(verdict(delivered=delivered, failed=failed, expired=expired), now=1.0)
        assert statistics.consumed == count == sum(statistics.settled.values())


def test_judges_by_targets() -> None:
    """All is sent, none is failed, some is partial; only late ones alone are expired."""
    assert verdict(delivered=2, failed=0, expired=0) is Verdict.SENT
    assert verdict(delivered=1, failed=1, expired=0) is Verdict.PARTIAL
    assert verdict(delivered=1, failed=0, expired=1) is Verdict.PARTIAL
    assert verdict(delivered=0, failed=2, expired=0) is Verdict.FAILED
    assert verdict(delivered=0, failed=1, expired=1) is Verdict.FAILED
    assert verdict(delivered=0, failed=0, expired=2) is Verdict.EXPIRED
    assert verdict(delivered=0, failed=0, expired=0) is Verdict.SUPPRESSED


def test_success_rate_is_unknown_before_the_first_message() -> None:
    """Nothing sent of nothing is no rate."""
    statistics = Statistics()
    assert Statistics().success_rate is None
    statistics.settle(Verdict.SENT, now=5.0)
    statistics.settle(Verdict.FAILED, now=6.0)
    assert statistics.success_rate == 0.5
    assert statistics.last_message_time == 6.0


def test_counts_by_channel_and_destination_in_bounded_memory() -> None:
    """A thousand destinations are told apart; further ones share one line."""
    statistics = Statistics()
    for number in range(MAX_DESTINATIONS + 5):
        statistics.destination(f"https://example.com/{number}", "webhook").sent += 1
    statistics.destination("https://example.com/0", "webhook").sent += 1
    shown = frozen(statistics.destinations)
    assert len(shown) == MAX_DESTINATIONS + 1
    assert shown[OTHERS].messages_sent == 5
    assert shown["https://example.com/0"].messages_sent == 2
    statistics.channel("email").retried += 1
    assert frozen(statistics.channels)["email"].messages_retried == 1


def test_channels_that_producers_make_up_share_one_line() -> None:
    """A name that is no channel's may be anything, and of any length."""
    statistics = Statistics()
    statistics.channel("x" * 1_000_000).failed += 1
    for number in range(MAX_CHANNELS + 5):
        statistics.channel(f"telegraph-{number}").failed += 1
    assert len(statistics.channels) == MAX_CHANNELS
    assert statistics.channels[OTHER_CHANNELS].failed == 1 + 6
