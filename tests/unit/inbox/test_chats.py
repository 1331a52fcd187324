"""The rules of chat and push services in the inbox: what they refuse, and in which words."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.inbox import (
    bark,
    gotify,
    mattermost,
    ntfy,
    pushplus,
    rocketchat,
    serverchan,
    teams,
)
from app.inbox.http_server import STAND_INS
from app.inbox.markdown import MarkdownReader
from app.inbox.stand_in import RefusedError, Reply, StandIn

PLACES: Mapping[str, Mapping[str, str]] = {
    "revoked": {"key": "revoked"},
    "unknown": {"key": "unknown"},
    "off": {"id": "off"},
}
FINE = {"key": "k", "id": "i"}
PUSH = {"device_key": "k", "body": "b"}
CARD = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    {
                        "type": "RichTextBlock",
                        "inlines": [{"type": "TextRun", "text": "x", "color": "Good"}],
                    }
                ],
            },
        }
    ],
}


def refusal(stand_in: StandIn, body: Any, place: Mapping[str, str] = FINE) -> Reply:
    """Return a refusal."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RefusedError) as caught:
        stand_in.read(raw, place)
    return caught.value.reply


@pytest.mark.parametrize(
    ("stand_in", "body", "status", "words"),
    [
        (mattermost.STAND_IN, b"{", 400, "Unable to parse"),
        (mattermost.STAND_IN, {}, 400, "No text"),
        (mattermost.STAND_IN, {"text": "x" * 16_384}, 400, "too long"),
        (mattermost.STAND_IN, {"attachments": [{"color": "red"}]}, 400, "Unable to parse"),
        (rocketchat.STAND_IN, b"{", 400, "Invalid JSON"),
        (rocketchat.STAND_IN, {}, 400, "error-invalid-message"),
        (rocketchat.STAND_IN, {"text": "x" * 5001}, 400, "size-exceeded"),
        (teams.STAND_IN, b"x" * 28_001, 413, "too large"),
        (teams.STAND_IN, {"type": "message", "attachments": None}, 400, "Mismatch"),
        (teams.STAND_IN, {"type": "message", "attachments": []}, 400, "nothing to post"),
        (ntfy.STAND_IN, {"topic": "x" * 8193}, 413, "41303"),
        (ntfy.STAND_IN, b'["topic"]', 400, "40017"),
        (ntfy.STAND_IN, {"topic": "a b"}, 400, "40009"),
        (ntfy.STAND_IN, {"topic": "forbidden"}, 403, "40301"),
        (ntfy.STAND_IN, {"topic": "t", "priority": 9}, 400, "40007"),
        (ntfy.STAND_IN, {"topic": "t", "message": "x" * 4097}, 400, "40014"),
        (gotify.STAND_IN, b"{}", 400, "Bad Request"),
        (gotify.STAND_IN, {"message": " "}, 400, "required"),
        (
            gotify.STAND_IN,
            {"message": "x", "extras": {"client::display": {"contentType": "text/html"}}},
            400,
            "unknown content type",
        ),
        (bark.STAND_IN, b"{", 400, "request bind failed"),
        (bark.STAND_IN, {"device_key": ""}, 400, "device key is empty"),
        (bark.STAND_IN, {"device_key": "unknown"}, 400, "failed to get device token"),
        (bark.STAND_IN, PUSH | {"body": "x" * 4096}, 500, "PayloadTooLarge"),
        (serverchan.STAND_IN, b"{", 400, "INPUT"),
        (serverchan.STAND_IN, {"title": " "}, 400, "title"),
        (serverchan.STAND_IN, {"title": "t" * 33}, 400, "too long"),
        (pushplus.STAND_IN, b"{", 200, "600"),
        (pushplus.STAND_IN, {"token": "unknown", "content": "x"}, 200, "903"),
        (pushplus.STAND_IN, {"token": "t", "content": " "}, 200, "999"),
        (pushplus.STAND_IN, {"token": "t", "content": "x" * 20_001}, 200, "999"),
        (pushplus.STAND_IN, {"token": "t", "content": "x"}, 200, "999"),
    ],
)
def test_what_is_refused(stand_in: StandIn, body: Any, status: int, words: str) -> None:
    """With the service's status and words."""
    reply = refusal(stand_in, body)
    assert reply.status == status
    assert words in reply.body.decode()


@pytest.mark.parametrize(
    ("stand_in", "place", "words"),
    [
        (mattermost.STAND_IN, "revoked", "Invalid webhook"),
        (rocketchat.STAND_IN, "revoked", "Invalid integration"),
        (serverchan.STAND_IN, "unknown", "Key"),
        (teams.STAND_IN, "off", "WorkflowTriggerIsNotEnabled"),
    ],
)
def test_an_address_that_leads_nowhere(stand_in: StandIn, place: str, words: str) -> None:
    """To try what becomes of a destination that is gone."""
    assert words in refusal(stand_in, {}, PLACES[place]).body.decode()


@pytest.mark.parametrize(
    ("stand_in", "body", "shown"),
    [
        (mattermost.STAND_IN, {"text": "**a** @all"}, "a @all"),
        (rocketchat.STAND_IN, {"attachments": [{"text": "*a*", "color": "#ff0000"}]}, "a"),
        (teams.STAND_IN, CARD, "x"),
        (ntfy.STAND_IN, {"topic": "t"}, "triggered"),
        (ntfy.STAND_IN, {"data": {"content": "anybody's"}}, "anybody's"),
        (ntfy.STAND_IN, {"topic": "t", "message": "**a**", "markdown": True}, "a"),
        (gotify.STAND_IN, {"message": "*a*"}, "*a*"),
        (bark.STAND_IN, {"device_key": "k"}, "Empty Message"),
        (serverchan.STAND_IN, {"title": "t", "desp": "\\*a\\*"}, "*a*"),
        (pushplus.STAND_IN, {"token": "t", "content": "<b>", "template": "txt"}, "<b>"),
    ],
)
def test_what_is_shown(stand_in: StandIn, body: Any, shown: str) -> None:
    """As people see it."""
    (card,) = stand_in.read(json.dumps(body).encode(), FINE)
    assert card.text == shown
    assert stand_in.accepted.status in (200, 202)


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_every_service_can_be_slow_limited_or_broken(stand_in: StandIn) -> None:
    """The page's inbox has it answer so."""
    limited: Callable[[float, float], Reply] = stand_in.limited
    assert limited(0.0, 1.0).body or limited(0.0, 1.0).status == 429
    assert stand_in.failed.status >= 200


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("# T\n> q\n- i\n1. n\n***", "T\nq\n• i\n• n\n"),
        ("**b** _i_ ~~s~~ `a*b` ``c`d``", "b i s a*b c`d"),
        ("[l\\]](https://x.example) ![p](u)", "l] p"),
        ("https://x.example/a_b_c <b>x</b> &lt; \\&lt;", "https://x.example/a_b_c x < &lt;"),
        ("```\n*raw*\n```\nend `open", "*raw*\nend open"),
        ("    code_x", "code_x"),
        ("a\u00a0\u00a0b  ", "a  b"),
    ],
)
def test_what_markdown_shows(source: str, shown: str) -> None:
    """Signs are left out, escaped ones are characters."""
    assert MarkdownReader().read(source).text == shown


def test_markdown_of_a_chat() -> None:
    """Words between colons are pictures, names call people."""
    read = MarkdownReader("*", emoji=True, html=False).read(":a: \\* \\_x\\_ <b> @you")
    assert read.text == "□ * \\x\\ <b> @you"
    assert read.mentions == ("you",)
