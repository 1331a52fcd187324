"""Cookies of those who have signed in."""

import pytest

from app.policies.service.access import Access
from app.policies.service.sign_in import ENDED_AT_MOST, LIFETIME, Ended, SignIn, way_back

NOW = 1_767_268_800.0
KEY, OTHER = "ops=0123456789abcdef", "fedcba9876543210"


def test_a_cookie_says_who_until_it_expires() -> None:
    """It is good for twelve hours, at every worker with the same keys in whatever order."""
    value = Access.of([KEY, OTHER]).seal.issue("ops", NOW, "nonce")
    seal = Access.of([OTHER, KEY]).seal
    assert seal.read(value, NOW + LIFETIME - 1) == SignIn("ops", int(NOW) + LIFETIME, "nonce")
    assert seal.read(value, NOW + LIFETIME) is None
    assert "0123456789abcdef" not in value


def test_other_keys_take_no_cookie_of_these() -> None:
    """An exchanged key ends every sign-in; the names of the cookies differ, too."""
    old, new = Access.of([KEY]).seal, Access.of([KEY, OTHER]).seal
    assert new.read(old.issue("ops", NOW, "nonce"), NOW) is None
    assert old.cookie != new.cookie


@pytest.mark.parametrize("value", ["", ".", "a.b", "é.é", "AAAA.AAAA", "." * 5_000, "WyJvcHMiXQ.x"])
def test_what_is_no_cookie_of_ours_says_nobody(value: str) -> None:
    """Whatever a browser sends."""
    assert Access.of([KEY]).seal.read(value, NOW) is None


def test_a_cookie_that_was_changed_says_nobody() -> None:
    """Neither another name nor a longer time can be written into it."""
    seal = Access.of([KEY]).seal
    value = seal.issue("ops", NOW, "nonce")
    for place in range(len(value) - 1):  # the last character has bits that say nothing
        letter = "A" if value[place] != "A" else "B"
        assert seal.read(value[:place] + letter + value[place + 1 :], NOW) is None


def test_what_was_ended_is_forgotten_when_it_would_have_expired() -> None:
    """Memory is bounded, whoever signs in and out."""
    ended = Ended()
    first = SignIn("ops", int(NOW) + 10, "first")
    ended.add(first, NOW)
    assert first in ended
    ended.add(SignIn("ops", int(NOW) + 100, "second"), NOW + 11)
    assert first not in ended
    for number in range(ENDED_AT_MOST):
        ended.add(SignIn("ops", int(NOW) + 1_000, f"n{number}"), NOW + 12)
    assert len(ended._ended) <= ENDED_AT_MOST


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/", "/"),
        ("/?status=failed&q=a", "/?status=failed&q=a"),
        ("/docs", "/docs"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?next=/", "/"),
        ("http:evil.example", "/"),
    ],
)
def test_a_sign_in_leads_to_a_page_of_this_service(asked: str, leads_to: str) -> None:
    """A link that somebody sends leads nowhere else."""
    assert way_back(asked) == leads_to
