from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from app.edges.channels.discord.payload import encode
from app.edges.channels.discord.rendering import render
from app.inbox.discord.cards import read_message
from app.inbox.stand_in import RefusedError
from app.values.inbox import InboxCard
from app.values.notification import Notification
from tests.support.notifications import NOTIFICATIONS


def read(**message: Any) -> list[InboxCard]:
    """Read a message given as keywords."""
    return read_message(msgspec.json.encode(message), 10)


def refusal(body: bytes) -> dict[str, Any]:
    """Return the answer to a body that Discord refuses."""
    with pytest.raises(RefusedError) as caught:
        read_message(body, 10)
    answer: dict[str, Any] = msgspec.json.decode(caught.value.reply.body)
    return answer


def test_embed() -> None:
    """An embed becomes a card with title, text, colour, fields and footer."""
    body = msgspec.json.encode(
        {
            "username": "Ginkgo",
            "embeds": [
                {
                    "title": "交易信号",
                    "description": "📈 AAPL",
                    "color": 0x00FF00,
                    "fields": [{"name": "价格", "value": "1", "inline": True}],
                    "footer": {"text": "foot"},
                    "timestamp": "2026-01-01T00:00:00Z",
                }
            ],
            "allowed_mentions": {"parse": []},
        }
    )
    assert read_message(body, 10) == [
        InboxCard(
            id=0,
            kind="discord",
            time="",
            title="交易信号",
            text="📈 AAPL",
            color=0x00FF00,
            fields=(("价格", "1"),),
            footer="foot",
            sender="Ginkgo",
            raw=body.decode(),
        )
    ]


def test_content_alone() -> None:
    """A message without embeds is one card."""
    (card,) = read(content="hello")
    assert (card.title, card.text, card.color) == (None, "hello", None)


def test_what_stands_for_an_empty_text_is_not_seen() -> None:
    """Discord takes no empty value; its clients show nothing for a space without width."""
    (card,) = read(embeds=[{"fields": [{"name": "a", "value": "\u200b"}]}])
    assert card.fields == (("a", ""),)


def test_a_card_for_each_embed() -> None:
    """Several embeds, as coalesced notifications are, give several cards; content joins the first."""
    cards = read(content="hello", embeds=[{"title": "a", "description": "A"}, {"title": "b"}])
    assert [(card.title, card.text) for card in cards] == [("a", "hello\n\nA"), ("b", "")]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": ""},
        {"content": " \n"},
        {"content": None, "embeds": []},
        {"username": "somebody"},
    ],
)
def test_empty_message(message: dict[str, Any]) -> None:
    """A message that says nothing is refused with Discord's own code."""
    assert refusal(msgspec.json.encode(message)) == {
        "message": "Cannot send an empty message",
        "code": 50006,
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"content": "\xff"}', b'{"x":' + b"[" * 100_000, b"nonsense"]
)
def test_no_json(body: bytes) -> None:
    """What is no JSON is refused as such."""
    assert refusal(body)["code"] == 50109


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ([], []),
        ({"content": "x" * 2001}, ["content"]),
        ({"content": 1}, ["content"]),
        ({"content": "x", "username": ""}, ["username"]),
        ({"content": "x", "username": "x" * 81}, ["username"]),
        ({"content": "x", "username": "My Discord"}, ["username"]),
        ({"content": "x", "username": "here"}, ["username"]),
        ({"content": "x", "username": " "}, ["username"]),
        ({"content": "x", "avatar_url": "javascript:alert(1)"}, ["avatar_url"]),
        ({"content": "x", "avatar_url": "https://localhost/a.png"}, ["avatar_url"]),
        (
            {"content": "x", "allowed_mentions": {"parse": ["here"]}},
            ["allowed_mentions", "parse", "0"],
        ),
        (
            {"content": "x", "allowed_mentions": {"users": ["x"]}},
            ["allowed_mentions", "users", "0"],
        ),
        ({"embeds": [{"title": "x"}] * 11}, ["embeds"]),
        ({"embeds": [{}]}, ["embeds", "0"]),
        ({"embeds": [{"title": "x"}, {"title": " "}]}, ["embeds", "1", "description"]),
        ({"embeds": [{"title": "x" * 257}]}, ["embeds", "0", "title"]),
        ({"embeds": [{"description": "x" * 4097}]}, ["embeds", "0", "description"]),
        ({"embeds": [{"title": "x", "color": 0x1000000}]}, ["embeds", "0", "color"]),
        ({"embeds": [{"title": "x", "color": -1}]}, ["embeds", "0", "color"]),
        ({"embeds": [{"title": "x", "url": "not a url"}]}, ["embeds", "0", "url"]),
        ({"embeds": [{"title": "x", "url": "http://a_b.com/"}]}, ["embeds", "0", "url"]),
        ({"embeds": [{"title": "x", "url": "http://a.com/b c"}]}, ["embeds", "0", "url"]),
        ({"embeds": [{"title": "x", "url": "attachment://a.png"}]}, ["embeds", "0", "url"]),
        ({"embeds": [{"title": "x", "timestamp": "2026-01-01"}]}, ["embeds", "0", "timestamp"]),
        (
            {"embeds": [{"title": "x", "timestamp": "2026-01-01T00:00:00"}]},
            ["embeds", "0", "timestamp"],
        ),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, ["embeds", "0", "footer", "text"]),
        ({"embeds": [{"footer": {"text": "\n"}}]}, ["embeds", "0", "footer", "text"]),
        ({"embeds": [{"author": {"name": ""}}]}, ["embeds", "0", "author", "name"]),
        ({"embeds": [{"image": {"url": "x"}}]}, ["embeds", "0", "image", "url"]),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, ["embeds", "0", "fields"]),
        ({"embeds": [{"fields": [{"name": "n"}]}]}, ["embeds", "0", "fields", "0", "value"]),
        (
            {"embeds": [{"fields": [{"name": "n", "value": "v", "inline": "yes"}]}]},
            ["embeds", "0", "fields", "0", "inline"],
        ),
        (
            {"embeds": [{"fields": [{"name": "n", "value": ""}]}]},
            ["embeds", "0", "fields", "0", "value"],
        ),
        ({"embeds": [{"description": "x" * 3001}] * 2}, ["embeds"]),
    ],
)
def test_invalid_form(message: Any, path: list[str]) -> None:
    """What breaks a limit is refused with the place of the fault, nested as Discord nests it."""
    answer = refusal(msgspec.json.encode(message))
    assert (answer["message"], answer["code"]) == ("Invalid Form Body", 50035)
    place = answer["errors"]
    for step in path:
        place = place[step]
    assert place["_errors"][0]["message"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "😀" * 1000},
        {"embeds": [{"description": "x" * 4096}, {"description": "x" * 1904}]},
        {"embeds": [{"title": str(number)} for number in range(10)]},
        {"embeds": [{"image": {"url": "https://example.com/a.png"}}]},
        {"embeds": [{"title": "t", "url": "http://192.168.1.1:3000?a=%20#b"}]},
        {
            "content": "x",
            "username": "ops@prod: 交易",
            "allowed_mentions": {"parse": [], "roles": ["1"]},
        },
        {"embeds": [{"title": "t", "fields": [{"name": "n" * 256, "value": "v" * 24}] * 21}]},
        {"content": "x", "embeds": None, "username": None, "avatar_url": None, "tts": False},
    ],
)
def test_up_to_the_limits(message: dict[str, Any]) -> None:
    """What keeps the limits is taken."""
    assert read(**message)


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS)
def test_whatever_the_worker_sends(told: Notification) -> None:
    """The inbox is no stricter than Discord: it shows every embed that the worker makes."""
    for embeds in render(told).requests:
        assert len(read_message(encode(embeds, told.sender), 10)) == len(embeds)
