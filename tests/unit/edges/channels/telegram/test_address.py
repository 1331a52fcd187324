"""Which URLs are a Telegram bot's, what is wrong with them, and what of them may be seen."""

from urllib.parse import urlsplit

import pytest

from app.edges.channels.telegram import SPEC
from app.edges.channels.telegram.address import Place, place_of
from app.policies.redaction import Secrets, scrub
from tests.support.channels import KNOWN

HOST = "https://api.telegram.org"
BOT = f"{HOST}/bot123456:AAsecret-token_1"


@pytest.mark.parametrize(
    "url",
    [
        f"{BOT}/sendMessage?chat_id=-100123",
        f"{BOT}/sendmessage?chat_id=@channel",
        f"{BOT}/test/sendMessage?chat_id=1",
        "http://relay.example:8081/telegram/bot123456%3AAAsecret/sendMessage?chat_id=1",
    ],
)
def test_a_bot_is_recognised_on_any_host(url: str) -> None:
    """By its path; there is nothing wrong with it."""
    assert SPEC.recognises(urlsplit(url))
    assert SPEC.fault(urlsplit(url)) == ""
    assert KNOWN.serving("webhook", url).name == "telegram"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (f"{BOT}/sendMessage", "add ?chat_id="),
        (f"{BOT}/sendMessage?chat_id=", "add ?chat_id="),
        (f"{BOT}/sendMessage?chat_id=my group", "neither a number nor an @name"),
        (f"{BOT}/sendMessage?chat_id=1&message_thread_id=x", "topic that is no number"),
        (f"{BOT}/getUpdates?chat_id=1", "names the method getUpdates"),
        (f"{BOT}", "ends with the bot's token"),
        (f"{BOT}/", "ends with the bot's token"),
        ("https://example.com/bottles/1", ""),
    ],
)
def test_a_fault_is_named(url: str, fault: str) -> None:
    """With what to do about it, and without the token."""
    said = SPEC.fault(urlsplit(url))
    assert fault in said
    assert bool(said) is bool(fault)
    assert "secret" not in said


def test_the_topics_of_a_chat_share_its_limit() -> None:
    """Whatever else stands in the query; other chats of the bot have limits of their own."""
    chat = f"{BOT}/sendMessage?chat_id=-1"
    first, second, other = (
        SPEC.limit_key(urlsplit(url))
        for url in (f"{chat}&message_thread_id=2", f"{chat}&a=b", f"{BOT}/sendMessage?chat_id=-2")
    )
    assert first == second != other
    assert SPEC.limit_key(urlsplit("https://example.com/")) == ""


def test_the_token_is_hidden_and_the_bot_can_be_told() -> None:
    """In addresses and in texts."""
    label = KNOWN.redact(f"{BOT}/sendMessage?chat_id=1")
    assert label.startswith(f"{HOST}/bot123456:***#")
    assert KNOWN.redact("https://example.com/a").startswith("https://example.com/***#")
    shown = scrub("no /bot1:abc here", Secrets(forms=KNOWN.forms))
    assert shown == "no /bot1:*** here"


def test_an_address_that_names_no_chat_is_still_one() -> None:
    """Somebody's relay may know the chat."""
    assert place_of("https://relay.example/send") == Place("https://relay.example/send", "", None)
