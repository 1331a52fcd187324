"""When somebody seems to guess keys."""

import pytest

from app.policies.service.guessing import DELAY, MOST, REMEMBERED, WINDOW, Guesses


def tries(guesses: Guesses, address: str | None, count: int, now: float = 0.0) -> list[float]:
    """Return the delays of so many wrong keys."""
    return [guesses.add(address, now).delay for _ in range(count)]


def test_the_eleventh_of_a_minute_waits() -> None:
    """And each after it."""
    assert tries(Guesses(), "10.0.0.7", MOST + 2) == [0.0] * MOST + [DELAY] * 2


def test_who_waits_a_minute_begins_anew() -> None:
    """A program with an old key that asks every ten seconds is not slowed down."""
    guesses = Guesses()
    tries(guesses, "10.0.0.7", MOST + 1)
    assert tries(guesses, "10.0.0.7", 1, WINDOW) == [0.0]
    slow = Guesses()
    assert [slow.add("10.0.0.7", second * 10.0).delay for second in range(50)] == [0.0] * 50


def test_each_address_counts_for_itself() -> None:
    """Others are not slowed down because of one."""
    guesses = Guesses()
    tries(guesses, "10.0.0.7", MOST)
    assert tries(guesses, "10.0.0.8", 1) == [0.0]
    assert tries(guesses, None, 1) == [0.0]
    assert tries(guesses, "10.0.0.7", 1) == [DELAY]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:10.0.0.7", "10.0.0.7", True),
        ("::1", "::2", True),
    ],
)
def test_who_has_a_network_is_one_sender(first: str, second: str, same: bool) -> None:
    """An IPv6 address can be another one for every guess."""
    guesses = Guesses()
    tries(guesses, first, MOST)
    assert tries(guesses, second, 1) == [DELAY if same else 0.0]


def test_it_is_said_once_a_minute() -> None:
    """For each address, however many guesses there are."""
    guesses = Guesses()
    news = [guesses.add("10.0.0.7", number * 0.1) for number in range(1300)]
    assert [number for number, each in enumerate(news) if each.is_news] == [10, 610, 1210]
    assert news[10].source == "10.0.0.7"


def test_memory_is_bounded() -> None:
    """Whoever has no end of addresses is forgotten, the longest silent first."""
    guesses = Guesses()
    tries(guesses, "10.0.0.7", MOST)
    for number in range(REMEMBERED * 2):
        guesses.add(f"host {number}", 0.0)
        if number == REMEMBERED // 2:
            assert tries(guesses, "10.0.0.7", 1) == [DELAY]
    assert len(guesses._known) == REMEMBERED
    assert tries(guesses, "10.0.0.7", 1) == [0.0]
