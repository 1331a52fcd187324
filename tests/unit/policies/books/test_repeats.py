"""Repeats are recognised for a while, in bounded memory."""

from app.policies.books.repeats import Repeats


def test_recognises_what_was_delivered_within_the_window() -> None:
    """Nine minutes later it is a repeat, ten minutes later it is not."""
    repeats = Repeats(window=600)
    repeats.remember(b"a", now=0)
    assert repeats.is_repeat(b"a", now=599)
    assert not repeats.is_repeat(b"a", now=600)
    assert not repeats.is_repeat(b"b", now=1)


def test_forgets_what_is_older_than_the_window() -> None:
    """Memory holds no more than the window."""
    repeats = Repeats(window=10)
    repeats.remember(b"a", now=0)
    repeats.remember(b"b", now=10)
    assert len(repeats) == 1


def test_forgets_the_oldest_beyond_its_capacity() -> None:
    """A flood pushes out the oldest, never the newest; a repeat counts as new."""
    repeats = Repeats(window=600, capacity=2)
    for digest in (b"a", b"b", b"a", b"c"):
        repeats.remember(digest, now=0)
    assert [repeats.is_repeat(digest, 1) for digest in (b"a", b"b", b"c")] == [True, False, True]
