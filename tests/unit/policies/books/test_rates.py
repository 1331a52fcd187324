"""Attempts by time: right from the first second, and bounded."""

import pytest

from app.policies.books.rates import KEPT, MOST_DESTINATIONS, MOST_SAMPLES, SECONDS, RateBook

NOW = 1_767_268_800.0  # at the beginning of a slot


def test_every_slot_is_there_whether_anything_happened_or_not() -> None:
    """Oldest first, up to the present one."""
    book = RateBook()
    rates = book.rates(NOW, 1)
    assert (rates.seconds, len(rates.rates)) == (SECONDS, 60 // SECONDS)
    assert rates.rates[-1].at == "2026-01-01T12:00:00+00:00"
    assert {each.attempts for each in rates.rates} == {0}
    assert rates.rates[0].latency_ms_p50 is None


def test_attempts_are_counted_where_they_ended() -> None:
    """What was not accepted is an attempt all the same."""
    book = RateBook()
    book.add("a", NOW - 12, 0.1, accepted=True)
    book.add("a", NOW - 12, 0.1, accepted=False)
    book.add("b", NOW + 1, 0.1, accepted=True)
    rates = book.rates(NOW + 2, 1).rates
    assert [(each.attempts, each.accepted) for each in rates if each.attempts] == [(2, 1), (1, 1)]
    only = book.rates(NOW + 2, 1, "b").rates
    assert sum(each.attempts for each in only) == 1
    assert sum(each.attempts for each in book.rates(NOW + 2, 1, "c").rates) == 0


@pytest.mark.parametrize("seconds", [0.0002, 0.015, 0.4, 2.0, 30.0])
def test_latencies_are_right_to_a_tenth(seconds: float) -> None:
    """From a fraction of a millisecond to half a minute."""
    book = RateBook()
    for _ in range(94):
        book.add("a", NOW, seconds, accepted=True)
    for _ in range(6):
        book.add("a", NOW, seconds * 10, accepted=True)
    last = book.rates(NOW, 1).rates[-1]
    assert last.latency_ms_p50 == pytest.approx(seconds * 1000, rel=0.11)
    assert (last.latency_ms_p95 or 0) >= min(seconds * 10_000, 50_000) * 0.9


def test_an_hour_is_kept_and_no_more() -> None:
    """Of however many attempts and destinations."""
    book = RateBook()
    for step in range(KEPT // SECONDS + 10):
        book.add("a", NOW + step * SECONDS, 0.1, accepted=True)
    for number in range(MOST_DESTINATIONS + 10):
        book.add(f"d{number}", NOW + KEPT + 50, 0.1, accepted=True)
    for _ in range(MOST_SAMPLES * 3):
        book.add("d", NOW + KEPT + 50, 0.1, accepted=True)
    assert len(book._destinations) == MOST_DESTINATIONS
    assert len(book._all.slots) == KEPT // SECONDS
    assert len(book._all.slots[-1].durations) == MOST_SAMPLES
    assert len(book.rates(NOW + KEPT + 50, 60).rates) == KEPT // SECONDS


def test_a_clock_that_goes_back_loses_nothing() -> None:
    """It counts in the slot that is open."""
    book = RateBook()
    book.add("a", NOW + 100, 0.1, accepted=True)
    book.add("a", NOW, 0.1, accepted=True)
    assert sum(each.attempts for each in book.rates(NOW + 100, 5).rates) == 2
