"""Telegram's rules in the inbox: what it refuses, in its words, and what it shows."""

import json
from typing import Any

import pytest

from app.inbox.stand_in import RefusedError
from app.inbox.telegram import STAND_IN, judge
from app.inbox.telegram.html import MOST_ENTITIES

PLACE = {"token": "1:a"}


def message(text: str, **more: Any) -> bytes:
    """Return a request's body."""
    return json.dumps({"chat_id": 1, "text": text, "parse_mode": "HTML", **more}).encode()


def refusal(body: bytes) -> str:
    """Return the words of a refusal."""
    with pytest.raises(RefusedError) as caught:
        judge(body)
    assert caught.value.reply.status == 400
    description: str = json.loads(caught.value.reply.body)["description"]
    return description


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>a</b> &lt;x&gt; &amp;amp; &#65;&#x42; &nbsp;", "a <x> &amp; AB &nbsp;"),
        ('<A HREF="https://x.example">l</A>', "l"),
        ('<pre><code class="language-py">x</code></pre>', "x"),
        ('<span class="tg-spoiler">x</span>', "x"),
        (" \t\ra\u202eb\n", "ab"),
        ("a &#0; &#x10ffff;", "a &#0; &#x10ffff;"),
    ],
)
def test_what_is_shown(html: str, text: str) -> None:
    """Markup is read, references are characters, and what steers a text is left out."""
    assert judge(message(html)).text == text


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("é<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</", 'Unmatched end tag at byte offset 4, expected "</b>", found "</>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        (" <b> </b>\u200b ", "message text is empty"),
        ("📈" * 2049, "message is too long"),
    ],
)
def test_what_is_refused(html: str, words: str) -> None:
    """In the words of the server."""
    assert words in refusal(message(html))


def test_what_is_no_message_is_refused() -> None:
    """No JSON, no chat, an unknown mode or member."""
    assert "not a message" in refusal(b"{")
    assert "not a message" in refusal(message("x", colour=1))
    assert "chat_id is empty" in refusal(message("x", chat_id=0))
    assert "unsupported parse_mode" in refusal(message("x", parse_mode="html5"))


def test_names_call_somebody_unless_they_are_code() -> None:
    """Only as much markup counts as Telegram keeps."""
    assert judge(message("@ab <code>@cd</code> e@fg", parse_mode="HTML")).mentions == ("ab",)
    assert judge(message("<b>@ab</b>", parse_mode="")).mentions == ("ab",)
    many = "<code>x</code> " * MOST_ENTITIES + "<code>@late</code>"
    assert judge(message(many)).mentions == ("late",)


def test_a_card_shows_the_chat() -> None:
    """As people see it, with the request."""
    (card,) = STAND_IN.read(message("<b>Risk</b> &lt; 3%"), PLACE)
    assert (card.kind, card.text) == ("telegram", "Risk < 3%")
    with pytest.raises(RefusedError) as caught:
        STAND_IN.read(message("x"), {"token": "1:revoked"})
    assert caught.value.reply.status == 401
    limited = STAND_IN.limited(0.0, 2.0)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "2")
    assert json.loads(limited.body)["parameters"] == {"retry_after": 2}
