"""Markdown in each robot's own words, and links that lead somewhere."""

import json
from typing import Any

import pytest

from app.edges.channels import dingtalk, feishu, wecom
from app.edges.channels.base import ChannelEntry
from app.edges.channels.robots import link_to, tone_for
from app.policies.texts.tones import Tone
from app.values.channel import PublishedLimit
from app.values.delivery import Target
from app.values.notification import (
    Access,
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Notification,
    Priority,
)
from tests.support.chats import channel_of, requests_of

ADDRESS = "https://relay.example/robot"
MARKDOWN = """# Heading
**bold** *italic* ~~gone~~ `a*b` [link](https://x.example/a)
> quoted **bold**
- item
  1. second

```
code * with_signs
```
| a | b |
|---|---|
| 1 | 2 |
---
[mail](mailto:a@x.example) <at id=all></at> <@all>"""


def sent(entry: ChannelEntry, **fields: Any) -> dict[str, Any]:
    """Return the one body that tells a notification."""
    told = Notification(**{"content": "text", "requests": (), **fields})
    (request,) = requests_of(entry, told, ADDRESS)
    body: dict[str, Any] = json.loads(request.body)
    return body


def test_markdown_for_wecom() -> None:
    """Headings, bold, links, quotations and code in a line; the rest is text."""
    body = sent(
        wecom.SPEC, content=MARKDOWN, content_type=ContentType.MARKDOWN, title="T", color=255
    )
    assert body["markdown"]["content"] == (
        "### 🔵 T\n"
        "### Heading\n"
        "**bold** italic gone `a*b` [link](https://x.example/a)\n"
        "> quoted **bold**\n"
        "• item\n"
        "  1. second\n"
        "\n"
        "code * with_signs\n"
        "| a | b |\n"
        "|---|---|\n"
        "| 1 | 2 |\n"
        "———\n"
        "mail (mailto:a@x.example) <\u200bat id=all><\u200b/at> <\u200b@all>"
    )


def test_markdown_for_dingtalk() -> None:
    """Headings, bold, italics, links, quotations and lists; every line break has its spaces."""
    body = sent(dingtalk.SPEC, content=MARKDOWN, content_type=ContentType.MARKDOWN, title="T")
    assert body["markdown"]["title"] == "T"
    assert body["markdown"]["text"].split("  \n") == [
        "#### T",
        "\n#### Heading",
        "**bold** *italic* gone a＊b [link](https://x.example/a)",
        "> quoted **bold**",
        "- item",
        "    1. second",
        "",
        "code * with_signs",
        "\u200b| a | b |",
        "\u200b|---|---|",
        "\u200b| 1 | 2 |",
        "———",
        "mail (mailto:a@x.example) <\u200bat id=all><\u200b/at> <@all>",
    ]


def test_markdown_for_feishu() -> None:
    """Bold, italics, strikethrough and links; code and tables stand in plain text."""
    body = sent(feishu.SPEC, content=MARKDOWN, content_type=ContentType.MARKDOWN)
    assert body["card"]["elements"] == [
        {
            "tag": "markdown",
            "content": "**Heading**\n"
            "**bold** *italic* ~~gone~~ a&#42;b [link](https://x.example/a)\n"
            "&#62; quoted **bold**\n"
            "• item\n"
            "  1. second\n",
        },
        {
            "tag": "div",
            "text": {
                "tag": "plain_text",
                "content": "code * with_signs\n| a | b |\n|---|---|\n| 1 | 2 |",
            },
        },
        {"tag": "hr"},
        {
            "tag": "markdown",
            "content": "mail (mailto:a@x.example) &#60;at id=all&#62;&#60;/at&#62; &#60;@all&#62;",
        },
    ]


def test_a_whole_card_of_feishu() -> None:
    """Header with colour, author, text, fields, link, footer, and embeds below a line."""
    body = sent(
        feishu.SPEC,
        title="Risk",
        color=0xFF0000,
        author=Author("Ginkgo", "https://x.example/g"),
        fields=(Field("账户", "A1", inline=True), Field("", "only a value"), Field(" ", " ")),
        url="HTTPS://X.example/1",
        footer=Footer("foot"),
        message_id="m-1",
        embeds=(Embed(title="More", description="**d**", image=Image("https://x.example/p")),),
    )
    card = body["card"]
    assert card["header"] == {"template": "red", "title": {"tag": "plain_text", "content": "Risk"}}
    text, line, embed, fields, action, note = card["elements"]
    assert text["content"] == "[Ginkgo](https://x.example/g)\ntext"
    assert line == {"tag": "hr"}
    assert embed["content"].startswith("**More**\n**d**")
    assert [each["text"]["content"] for each in fields["fields"]] == ["账户\nA1", "only a value"]
    assert [each["is_short"] for each in fields["fields"]] == [True, False]
    (button,) = action["actions"]
    assert (button["url"], button["text"]["content"]) == ("https://X.example/1", "🔗 x.example")
    assert note["elements"][0]["content"].startswith("foot · m-1")


def test_a_title_that_is_too_long_for_a_header_stands_in_the_text_as_well() -> None:
    """None of it is lost."""
    title = "long " * 50
    for entry in (feishu.SPEC, dingtalk.SPEC, wecom.SPEC):
        assert json.dumps(sent(entry, title=title)).count("long") >= 50


def test_what_has_no_title_is_marked_by_its_colour() -> None:
    """In the text, and in DingTalk's list of chats."""
    assert sent(dingtalk.SPEC, color=0x00FF00)["markdown"]["title"].startswith("🟢")
    urgent = sent(dingtalk.SPEC, priority=Priority.URGENT)
    assert urgent["markdown"]["title"] == "🔴 text"
    assert "🟢" in json.dumps(sent(feishu.SPEC, color=0x00FF00), ensure_ascii=False)


def test_more_fields_than_fit_stand_in_the_text() -> None:
    """Where they are cut, if need be, with a mark."""
    fields = tuple(Field(f"name {number}", "v" * 1500) for number in range(12))
    told = Notification("text", (), fields=fields, footer=Footer("foot"))
    bodies = [json.loads(each.body) for each in requests_of(feishu.SPEC, told, ADDRESS)]
    whole = json.dumps(bodies)
    assert all(f"name {number}" in whole for number in range(12))
    assert "foot" in whole


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://x.example/a(b)", ("https://x.example/a%28b%29", "x.example")),
        ("HTTP://X.example", ("http://X.example", "x.example")),
        ("mailto:a@x.example", ("", "")),
        ("https://", ("", "")),
        ("https://[::1", ("", "")),
        (None, ("", "")),
    ],
)
def test_what_a_link_leads_to(url: str | None, link: tuple[str, str]) -> None:
    """Only what a client opens."""
    assert link_to(url) == link


def test_urgency_stands_for_a_colour() -> None:
    """If there is none."""
    assert tone_for(Tone.GREEN, Priority.URGENT) is Tone.GREEN
    assert tone_for(None, Priority.URGENT) is Tone.RED
    assert tone_for(None, Priority.HIGH) is Tone.ORANGE
    assert tone_for(None, Priority.NORMAL) is None


def test_headers_of_a_contact_go_along() -> None:
    """A relay may want them."""
    access = Access((("Authorization", "Bearer t"),))
    target = Target("wecom", ADDRESS, "label", access)
    for entry in (feishu.SPEC, dingtalk.SPEC, wecom.SPEC):
        channel: Any = channel_of(entry)
        content = channel.render(Notification("x", ())).requests[0]
        request = channel.compose([content], target, 0.0)
        assert request.headers == {"Authorization": "Bearer t"}
        assert all(isinstance(each, PublishedLimit) for each in channel.limits(ADDRESS))


def test_signs_that_take_room_take_a_message_more() -> None:
    """A text is counted as it is written: no part of it is left behind."""
    content = "**b** " + "".join(f"<{number:04}> " for number in range(1400))
    told = Notification(content, (), content_type=ContentType.MARKDOWN)
    bodies = [json.loads(each.body) for each in requests_of(feishu.SPEC, told, ADDRESS)]
    whole = json.dumps(bodies)
    assert len(bodies) > 1
    assert all(f"&#60;{number:04}&#62;" in whole for number in range(1400))
