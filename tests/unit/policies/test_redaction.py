import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.redaction import redact, scrub


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
    assert scrub(f"to {name} HTTP 400") == f"to {name} HTTP 400"


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


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("nothing here", (), "nothing here"),
        (
            "POST HTTPS://discord.com/api/webhooks/1/secret failed",
            (),
            "POST https://discord.com/api/webhooks/1/*** failed",
        ),
        ("path '/api/v9/webhooks/1/secret' failed", (), "path '/api/v9/webhooks/***' failed"),
        (
            "no route to /T000/secret?a=b here",
            ("https://hooks.example.com/T000/secret?a=b",),
            "no route to *** here",
        ),
        ("login with pass and password", ("pass", "password", ""), "login with *** and ***"),
        ("https://example.com", ("https://example.com/",), "https://example.com"),
    ],
)
def test_free_text_is_scrubbed(text: str, secrets: tuple[str, ...], shown: str) -> None:
    """URLs in exceptions are redacted, named secrets wherever they stand."""
    assert scrub(text, secrets) == shown
