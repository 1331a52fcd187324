"""Secrets that are known by name."""

import pytest

from app.policies.redaction import Secrets, hide, scrub


@pytest.mark.parametrize(
    "weak", ["topics", "1234567890", "email", "notifications", "guest", "root", "a1b2c3"]
)
def test_a_weak_password_blanks_out_no_answer(weak: str) -> None:
    """What every answer has of its own is no secret there; lines of the log are read by people."""
    answer = f'{{"{weak}": "{weak}", "figures": 1234567890}}'
    assert hide(answer, Secrets([weak], distinct=True)) == answer
    assert weak not in scrub(f"login with {weak}", Secrets([weak]))


@pytest.mark.parametrize(
    "strong", ["hunter2hunter2", "correcthorsebatterystaple", "p@ssw0rd", "密码-密码-密码"]
)
def test_a_password_that_is_one_is_hidden_everywhere(strong: str) -> None:
    """In answers, too."""
    assert strong not in hide(f'{{"problem": "no {strong}"}}', Secrets([strong], distinct=True))


def test_the_address_of_a_webhook_hides_no_ordinary_word() -> None:
    """Of its path only what looks like a token."""
    secrets = Secrets(["https://h.example/events/subscribe/tok3n-tok3n/x"], distinct=True)
    assert hide("events subscribe x", secrets) == "events subscribe x"
    assert hide("tok3n-tok3n", secrets) == "***"
