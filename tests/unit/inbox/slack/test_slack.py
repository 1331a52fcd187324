"""Slack's rules in the inbox: what it refuses, and what it shows."""

import json
from typing import Any

import pytest

from app.inbox.slack import MAX_ATTACHMENTS, MAX_TEXT, STAND_IN, judge, mentions
from app.inbox.stand_in import RefusedError

PLACE = {"team": "T1", "hook": "B1", "last": "x"}


def text(words: str, kind: str = "plain_text") -> dict[str, Any]:
    """Return a text object."""
    return {"type": kind, "text": words}


def section(words: str) -> dict[str, Any]:
    """Return a section."""
    return {"type": "section", "text": text(words)}


def attached(*blocks: dict[str, Any], **more: Any) -> bytes:
    """Return a request with one attachment."""
    return json.dumps({"attachments": [{"blocks": list(blocks), **more}]}).encode()


def word_of(body: bytes) -> str:
    """Return the word of a refusal."""
    with pytest.raises(RefusedError) as caught:
        judge(body)
    assert caught.value.reply.status == 400
    return caught.value.reply.body.decode()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "invalid_payload"),
        (b'{"card": 1}', "invalid_payload"),
        (b'{"text": " "}', "no_text"),
        (json.dumps({"text": "x" * (MAX_TEXT + 1)}).encode(), "msg_too_long"),
        (
            json.dumps(
                {"attachments": [{"blocks": [section("x")]}] * (MAX_ATTACHMENTS + 1)}
            ).encode(),
            "too_many_attachments",
        ),
        (attached(), "invalid_blocks"),
        (attached(section(" ")), "invalid_blocks"),
        (attached(section("x" * 3001)), "invalid_blocks"),
        (attached(*[section("x" * 2900)] * 5), "invalid_blocks"),
        (attached(*[section("x")] * 51), "invalid_blocks"),
        (attached(section("x"), color="red"), "invalid_blocks"),
        (attached({"type": "section"}), "invalid_blocks"),
        (attached({"type": "section", "fields": [text("x")] * 11}), "invalid_blocks"),
        (attached({"type": "section", "fields": [text("x" * 2001)]}), "invalid_blocks"),
        (attached({"type": "header", "text": text("x" * 151)}), "invalid_blocks"),
        (attached({"type": "header", "text": text("x", "mrkdwn")}), "invalid_blocks"),
        (attached({"type": "context", "elements": []}), "invalid_blocks"),
        (attached({"type": "context", "elements": [text("x" * 3001)]}), "invalid_blocks"),
        (attached({"type": "divider", "text": text("x")}), "invalid_blocks"),
        (
            attached(section("x") | {"text": text("x", "mrkdwn") | {"emoji": True}}),
            "invalid_blocks",
        ),
    ],
)
def test_what_is_refused(body: bytes, word: str) -> None:
    """In a word of text."""
    assert word_of(body) == word


def test_a_card_shows_an_attachment() -> None:
    """Header, texts, fields, the last context as a footer; entities are characters."""
    body = attached(
        {"type": "header", "text": text("T &amp; U")},
        {"type": "context", "elements": [text("early")]},
        {"type": "divider"},
        section("a\nb &lt;"),
        {"type": "section", "fields": [text("n\nv")]},
        {"type": "context", "elements": [text("foot"), text("<!date^1^{date}|then>", "mrkdwn")]},
        color="#ff0000",
    )
    (card,) = STAND_IN.read(body, PLACE)
    assert (card.title, card.text, card.footer) == ("T & U", "early\na\nb <", "foot then")
    assert (card.fields, card.color) == ((("n", "v"),), 0xFF0000)


def test_what_mrkdwn_means() -> None:
    """Signs at edges, links, calls; in plain text they are characters."""
    source = (
        "*b* _i_ ~s~ `c` a*b*c <https://x.example|l> <https://y.example> <!here> <@U1>\n```\nx\n```"
    )
    body = json.dumps({"text": source}).encode()
    (card,) = judge(body)
    assert card.text == "b i s c a*b*c l https://y.example !here @U1\nx"
    assert mentions(body) == ["!here", "@U1"]
    plain = json.dumps({"text": "*b* <!here>", "mrkdwn": False}).encode()
    assert (judge(plain)[0].text, mentions(plain)) == ("*b* <!here>", [])


def test_its_other_answers() -> None:
    """A webhook that is gone, patience, trouble."""
    with pytest.raises(RefusedError) as caught:
        STAND_IN.read(attached(section("x")), {**PLACE, "last": "revoked"})
    assert (caught.value.reply.status, caught.value.reply.body) == (404, b"no_service")
    limited = STAND_IN.limited(0.0, 2.0)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "2")
