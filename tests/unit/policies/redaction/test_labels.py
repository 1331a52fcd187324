import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.redaction import scrub
from tests.support.channels import KNOWN

SECRETS = KNOWN.secrets


def redact(address: str) -> str:
    """Name an address as the service does."""
    return KNOWN.redact(address)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "https://discord.com/api/webhooks/1234/secret",
            "https://discord.com/api/webhooks/1234/***",
        ),
        (
            "https://proxy.example:8443/api/v10/webhooks/1234/secret/",
            "https://proxy.example:8443/api/webhooks/1234/***",
        ),
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
        ("smtp://user:secret@mail.example.com:25", "smtp://mail.example.com:25"),
        ("trader@example.com", "trader@example.com"),
        ("console", "console"),
        ("", "***"),
        ("secret", "***"),
        ("discord.com/api/webhooks/1/secret", "***"),
        ("https://[secret", "***"),
        ("https://example.com:secret/", "***"),
    ],
)
def test_addresses_are_shown_without_secrets(address: str, shown: str) -> None:
    """Discord's id is no secret, its token is; any other path may be one."""
    assert redact(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example.com:8443/alerts?key=secret",
        "https://discord.com/api/webhooks/1234/secret",
        "https://discord.com/api/webhooks/1234/secret?thread_id=5",
        "http://[::1]:8080/x",
    ],
)
def test_a_name_keeps_being_the_same(address: str) -> None:
    """A line of the log names a destination as the page does, although it is scrubbed again."""
    name = redact(address)
    assert redact(name) == name
    assert scrub(f"to {name} HTTP 400", SECRETS) == f"to {name} HTTP 400"


def test_what_only_looks_redacted_is_not_trusted() -> None:
    """Credentials before the host are secrets, whatever follows."""
    shown = redact("https://user:secret@example.com/***#abcdef")
    assert "secret" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example.com/T000/secret",
        "https://hooks.example.com?key=secret",
        "https://user:secret@hooks.example.com/a",
        "https://discord.com/api/webhooks/secret/secret",
        "https://discord.com/api/webhooks/1234/secret?thread_id=5",
    ],
)
def test_other_webhooks_can_be_told_apart(address: str) -> None:
    """By six digits of their hash, the same every time."""
    shown = redact(address)
    assert shown == redact(address)
    assert shown != redact(address + "x")
    assert "secret" not in shown
    assert shown[:-6].endswith("/***#")


@settings(deadline=None)
@given(st.text())
def test_redaction_never_fails(address: str) -> None:
    """Whatever is taken for an address."""
    assert redact(address)
