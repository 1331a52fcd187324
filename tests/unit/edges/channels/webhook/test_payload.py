"""Signatures that the official library verifies."""

import json
import secrets
import time
from base64 import b64encode

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.edges.channels.webhook.payload import encode, headers
from app.policies.headers.signing_keys import signing_key
from app.values.notification import Notification, Request

KEY = bytes(range(32))
SECRET = b64encode(KEY).decode()
TOLD = Notification("价 📈", (Request("webhook"),), message_id="m-1")


def signed(*given: str) -> tuple[bytes, dict[str, str]]:
    """Return a request's body and headers."""
    body = encode(TOLD, time.time())
    return body, headers("msg_1", time.time(), body, [signing_key(each) for each in given])


@pytest.mark.parametrize("given", [SECRET, f"whsec_{SECRET}", SECRET.rstrip("=")])
@pytest.mark.parametrize("receivers", [SECRET, f"whsec_{SECRET}"])
def test_the_official_library_verifies_it(given: str, receivers: str) -> None:
    """A secret stands for the same key on both sides, with the prefix or without."""
    body, sent = signed(given)
    assert Webhook(receivers).verify(body, sent) == json.loads(body)


def test_the_key_is_that_of_the_official_library() -> None:
    """Of any secret that may come up."""
    for _ in range(50):
        secret = b64encode(secrets.token_bytes(24 + secrets.randbelow(41))).decode()
        assert signing_key(secret) == Webhook(secret)._whsecret


def test_a_key_can_be_exchanged() -> None:
    """While two sign, a receiver may know the old one or the new one; a third knows neither."""
    old, new, third = (b64encode(secrets.token_bytes(32)).decode() for _ in range(3))
    body, sent = signed(old, f"whsec_{new}")
    for known in (old, new):
        assert Webhook(known).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(third).verify(body, sent)


def test_without_a_secret_nothing_is_signed() -> None:
    """Id and time are there all the same."""
    _, sent = signed()
    assert sorted(sent) == ["webhook-id", "webhook-timestamp"]


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "0 bytes"),
        ("whsec_", "0 bytes"),
        ("c2VjcmV0", "6 bytes"),
        (b64encode(bytes(23)).decode(), "23 bytes"),
        ("x", "is not base64"),
        ("not base64 at all, is it? no, it is not", "is not base64"),
        (f"whsk_{SECRET}", "is not base64"),
        (SECRET.replace("A", "_"), "is not base64"),
        ("schlüssel" * 9, "is not base64"),
    ],
)
def test_what_is_no_secret(secret: str, problem: str) -> None:
    """It is said what is wrong with it, and not what it is."""
    with pytest.raises(ValueError, match=problem) as caught:
        signing_key(secret)
    assert not secret or secret not in str(caught.value)
