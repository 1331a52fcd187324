import pytest

from tests.support.discord.answers import milliseconds_up
from tests.support.discord.limits import Bans, Rate, Window


def test_a_window_opens_with_its_first_request() -> None:
    """It takes so many, tells how long it stays shut, and opens anew just then."""
    window = Window(Rate(2, 10.0))
    assert [window.take(100.0), window.take(103.0)] == [0.0, 0.0]
    assert (window.remaining, window.reset_after(104.0)) == (0, 6.0)
    assert window.take(109.75) == 0.25
    assert window.take(110.0) == 0.0
    assert window.remaining == 1


def test_refused_requests_do_not_keep_a_window_shut() -> None:
    """Only what was taken counts."""
    window = Window(Rate(1, 1.0))
    assert [window.take(0.0), window.take(0.5), window.take(0.75)] == [0.0, 0.5, 0.25]
    assert window.take(1.0) == 0.0


def test_too_many_invalid_requests_bring_a_ban() -> None:
    """Within the ten minutes, not over them; and it ends."""
    bans = Bans(Rate(3, 600.0), 3600.0)
    for at in (0.0, 1.0, 600.0):
        bans.note(at)
        assert not bans.left(at)
    bans.note(600.5)
    assert bans.left(600.5) == 3600.0
    assert bans.left(4200.25) == 0.25
    assert not bans.left(4200.5)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, 0.0), (1.5, 1.5), (0.0001, 0.001), (1.9991, 2.0), (2.0, 2.0)]
)
def test_waiting_times_are_told_in_full(seconds: float, told: float) -> None:
    """Who waits as long as told, to the millisecond, does not come too early."""
    assert milliseconds_up(seconds) == told
