"""The books balance, whatever becomes of targets."""

from hypothesis import given
from hypothesis import strategies as st

from app.policies.books.statistics import (
    FOLDED_AT_ONCE,
    MAX_CHANNELS,
    MAX_DESTINATIONS,
    OTHER_CHANNELS,
    OTHERS,
    Statistics,
    Verdict,
    frozen,
    verdict,
)
from app.values.delivery import Destination

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


def to(number: int) -> Destination:
    """Return a destination of its own."""
    return Destination("webhook", f"https://example.com/secret/{number}", f"#{number}")


def test_counts_by_channel_and_destination_in_bounded_memory() -> None:
    """Of more than some thousand, those asked longest ago share one line; no count is lost."""
    statistics = Statistics()
    for number in range(MAX_DESTINATIONS):
        counts = statistics.destination(to(number))
        counts.sent += 1
        counts.asked(1000.0 + number, None)
    statistics.destination(to(0)).asked(9000.0, None)
    statistics.destination(to(MAX_DESTINATIONS)).sent += 1
    shown = frozen(statistics.destinations)
    assert len(shown) == MAX_DESTINATIONS - FOLDED_AT_ONCE + 2
    assert shown[OTHERS].messages_sent == FOLDED_AT_ONCE
    assert "#0" in shown
    assert "#1" not in shown
    for number in range(FOLDED_AT_ONCE):
        statistics.destination(to(100_000 + number)).sent += 1
    shown = frozen(statistics.destinations)
    assert sum(each.messages_sent for each in shown.values()) == (
        MAX_DESTINATIONS + 1 + FOLDED_AT_ONCE
    )
    statistics.channel("email").retried += 1
    assert frozen(statistics.channels)["email"].messages_retried == 1


def test_a_destination_is_remembered_by_what_it_last_said() -> None:
    """And by how much of the last hour it accepted."""
    counts = Statistics().destination(to(1))
    assert (counts.last_asked, counts.last_hour(0.0)) == (0.0, (0, 0))
    counts.asked(10_000.0, None)
    counts.asked(10_010.0, "500")
    counts.asked(10_400.0, None)
    assert (counts.last_error, counts.last_error_at) == ("500", 10_010.0)
    assert (counts.last_success_at, counts.last_asked) == (10_400.0, 10_400.0)
    assert counts.last_hour(10_400.0) == (3, 2)
    assert counts.last_hour(10_000.0 + 3600) == (1, 1)
    assert counts.last_hour(10_000.0 + 7200) == (0, 0)


def test_channels_that_producers_make_up_share_one_line() -> None:
    """A name that is no channel's may be anything, and of any length."""
    statistics = Statistics()
    statistics.channel("x" * 1_000_000).failed += 1
    for number in range(MAX_CHANNELS + 5):
        statistics.channel(f"telegraph-{number}").failed += 1
    assert len(statistics.channels) == MAX_CHANNELS
    assert statistics.channels[OTHER_CHANNELS].failed == 1 + 6
