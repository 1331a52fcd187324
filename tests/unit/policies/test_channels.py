"""Which channel serves an address, by its name and by the address's form."""

from urllib.parse import SplitResult

import pytest

from app.policies.channels import Channels
from app.policies.redaction import scrub, veil
from app.values.channel import AddressKind, ChannelSpec, SecretForm
from app.values.errors import UnroutableError


def _is_chat(url: SplitResult) -> bool:
    return url.path.startswith("/chat/")


CHANNELS = Channels(
    (
        ChannelSpec(name="any", yields=True),
        ChannelSpec(
            name="chat",
            recognises=_is_chat,
            fault=lambda url: "leads to a room that is closed" if url.path == "/chat/0" else "",
            shown=lambda url: "/chat/" if _is_chat(url) else "",
            secret=SecretForm("chat", r"/chat/(\w+)"),
        ),
        ChannelSpec(name="push"),
        ChannelSpec(name="post", kind=AddressKind.MAIL),
        ChannelSpec(name="screen", kind=AddressKind.NONE),
    )
)


@pytest.mark.parametrize(
    ("name", "url", "served_by"),
    [
        ("any", "https://relay.example/chat/1", "chat"),
        ("any", "https://hooks.example/in", "any"),
        ("chat", "https://hooks.example/in", "chat"),
        ("push", "https://relay.example/chat/1", "push"),
    ],
)
def test_an_explicit_name_counts_and_the_form_decides_for_the_rest(
    name: str, url: str, served_by: str
) -> None:
    """Only a channel that takes URLs of any form yields to one that knows them."""
    assert CHANNELS.serving(name, url).name == served_by


@pytest.mark.parametrize(
    ("wanted", "written", "url", "can"),
    [
        ("any", "chat", "https://relay.example/chat/1", True),
        ("chat", "any", "https://relay.example/chat/1", True),
        ("chat", "any", "https://hooks.example/in", False),
        ("any", "push", "https://hooks.example/in", False),
        ("chat", "push", "https://relay.example/chat/1", False),
        ("any", "post", "a@b.example", False),
        ("post", "any", "https://hooks.example/in", False),
        ("screen", "any", "https://hooks.example/in", False),
    ],
)
def test_a_contact_serves_the_channel_that_knows_its_form(
    wanted: str, written: str, url: str, can: bool
) -> None:
    """Whichever of the two names it was written down by."""
    assert CHANNELS.can_serve(wanted, written, url) == can


@pytest.mark.parametrize(
    ("name", "address", "normal"),
    [
        ("any", "HTTPS://Hooks.Example:443/in", "https://hooks.example/in"),
        ("post", "A@B.Example", "A@b.example"),
        ("screen", "whatever", "screen"),
    ],
)
def test_an_address_has_one_spelling(name: str, address: str, normal: str) -> None:
    """By the kind of address that the channel has."""
    assert CHANNELS.normalise(name, address) == normal


def test_a_url_that_a_channel_warns_of_is_refused_whoever_was_named() -> None:
    """And the text does not tell it."""
    with pytest.raises(UnroutableError, match="leads to a room that is closed"):
        CHANNELS.normalise("any", "https://relay.example/chat/0")


def test_what_may_be_seen_of_an_address_is_its_channels_word() -> None:
    """In names, in what programs say, and in what people write."""
    url = "https://relay.example/chat/s3cret"
    assert CHANNELS.redact(url) == "https://relay.example/chat/***"
    assert scrub(f"POST {url} failed", CHANNELS.secrets) == (
        "POST https://relay.example/chat/*** failed"
    )
    assert veil("go to /chat/s3cret", CHANNELS.secrets) == "go to /chat/***"
    assert veil("go to /chat/s3cret") == "go to /chat/s3cret"
