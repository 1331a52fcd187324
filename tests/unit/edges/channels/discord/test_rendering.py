"""How a notification becomes embeds: split, cut with a mark, and nothing without a note."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from app.edges.channels.discord.limits import NOTHING
from app.edges.channels.discord.payload import encode, size
from app.edges.channels.discord.rendering import MOST_REQUESTS, render
from app.inbox.discord.payload import Refusal, judge
from app.policies.parsing.colors import BLUE
from app.policies.texts.plain_text import SHORTENED
from app.values.note import Note
from app.values.notification import (
    Attachment,
    Author,
    ContentType,
    Embed,
    Field,
    Footer,
    Image,
    Mail,
    Notification,
    Request,
    Sender,
)
from tests.support.notifications import NOTIFICATIONS

LINK = "https://example.com/"


def notification(content: str = "x", **parts: Any) -> Notification:
    """Return a notification."""
    return Notification(content=content, requests=(Request("discord"),), **parts)


def accepted(embeds: Sequence[Embed]) -> bool:
    """Say whether Discord takes these embeds as a message."""
    return not isinstance(judge(encode(embeds, Sender())), Refusal)


def embeds_of(told: Notification) -> tuple[Embed, ...]:
    """Return the embeds of a notification that takes one request."""
    (embeds,) = render(told).requests
    return embeds


def fields_noted(told: Notification) -> list[str]:
    """Return where something was left out or changed."""
    return [note.field for note in render(told).notes]


def test_a_long_text_is_split() -> None:
    """At the end of a line, into embeds of one colour: title on the first, fields on the last."""
    text = ("line " * 19 + "line\n") * 50
    fields = (Field("a", "b"),)
    embeds = embeds_of(notification(text, title="T", color=7, fields=fields, footer=Footer("f")))
    assert [embed.color for embed in embeds] == [7, 7]
    assert "".join(embed.description or "" for embed in embeds) == text
    assert (embeds[0].description or "").endswith("line")
    assert (embeds[0].title, embeds[1].title) == ("T", None)
    assert (embeds[0].fields, embeds[1].fields) == ((), fields)
    assert (embeds[0].footer, embeds[1].footer) == (None, Footer("f"))
    assert accepted(embeds)


@pytest.mark.parametrize(
    "told",
    [
        notification("x" * 7000),
        notification("交" * 7000),
        notification("📈" * 4000),
        notification("x" * 100_000, title="t" * 300),
        notification(fields=(Field("n" * 256, "v" * 1024),) * 40),
        notification("x" * 4096, fields=(Field("a", "v" * 1024),) * 2),
    ],
)
def test_what_is_cut_says_so(told: Notification) -> None:
    """What of the text does not fit into one request ends with a visible mark, and is noted."""
    embeds = embeds_of(told)
    assert "content" in fields_noted(told)
    assert (embeds[-1].description or "").endswith(SHORTENED)
    assert size(embeds) <= 6000
    assert accepted(embeds)


def test_embeds_that_do_not_fit_take_a_further_request() -> None:
    """Ten embeds of the producer's and a text: eleven in all, and Discord takes ten."""
    more = tuple(Embed(title=str(number), color=1) for number in range(10))
    rendered = render(notification("x", title="T", embeds=more))
    assert [[embed.title for embed in request] for request in rendered.requests] == [
        ["T", *map(str, range(9))],
        ["9"],
    ]
    assert rendered.notes == ()


@pytest.mark.parametrize(
    ("told", "requests"),
    [
        (notification("x" * 5000, embeds=(Embed(description="y" * 4096),)), 2),
        (notification("x" * 5000, embeds=(Embed(description="y" * 1000),)), 1),
        (notification("x" * 4096, embeds=(Embed(author=Author("a"), description="y" * 3000),)), 2),
        (notification(embeds=(Embed(title="y"),) * 49), 5),
        (notification(embeds=(Embed(description="y" * 3000),) * 4), 3),
    ],
)
def test_embeds_are_packed_in_their_order(told: Notification, requests: int) -> None:
    """Each request is within Discord's limits, and nothing is cut."""
    rendered = render(told)
    assert len(rendered.requests) == requests
    assert all(map(accepted, rendered.requests))
    assert rendered.notes == ()


def test_requests_are_bounded() -> None:
    """What follows is left out, with a visible mark and a note that says from where."""
    rendered = render(notification(embeds=(Embed(title="y"),) * 60))
    assert len(rendered.requests) == MOST_REQUESTS
    assert all(map(accepted, rendered.requests))
    assert (rendered.requests[-1][-1].description or "").endswith(SHORTENED)
    assert rendered.notes[-1].field == "embeds[49]"


def test_one_embed_that_no_request_takes_is_cut() -> None:
    """Its own request holds as much of it as Discord takes."""
    embed = Embed(description="y" * 4096, fields=(Field("n", "v" * 1024),) * 10)
    rendered = render(notification("x" * 6000, embeds=(embed,)))
    assert len(rendered.requests) == 2
    assert size(rendered.requests[1]) <= 6000
    assert (rendered.requests[1][-1].description or "").endswith(SHORTENED)
    assert [note.field for note in rendered.notes] == ["embeds[0]"]


def test_a_link_is_not_shared() -> None:
    """Of embeds with one URL Discord shows the first; later ones keep their text, not the link."""
    told = notification(
        "text",
        url=LINK,
        embeds=(
            Embed(title="a", url=LINK),
            Embed(image=Image(LINK), url=LINK),
            Embed(title="b", url=LINK + "b"),
        ),
    )
    assert [embed.url for embed in embeds_of(told)] == [LINK, None, LINK, LINK + "b"]


@pytest.mark.parametrize(
    ("content", "kind"), [(" \n", ContentType.TEXT), ("<br><!-- -->", ContentType.HTML)]
)
def test_a_notification_that_says_nothing(content: str, kind: ContentType) -> None:
    """It is sent all the same: somebody asked for it."""
    told = notification(content, content_type=kind, color=7)
    assert embeds_of(told) == (Embed(description=NOTHING, color=7),)
    assert accepted(embeds_of(told))


def test_the_time_of_publishing_is_shown() -> None:
    """Below the text, beside the footer; unknown or before 1970, nothing is."""
    moment = datetime(2026, 1, 1, 12, 0, 0, 500_000, UTC)
    told = notification("x" * 5000, footer=Footer("f"), timestamp=moment.timestamp())
    first, last = embeds_of(told)
    assert (first.timestamp, last.timestamp) == (None, moment.isoformat())
    assert embeds_of(notification("x"))[0].timestamp is None
    assert embeds_of(notification("x", timestamp=-1.0))[0].timestamp is None
    assert render(notification("x", timestamp=-1.0)).notes == ()


def test_without_a_colour_there_is_the_originals_blue() -> None:
    """A producer's own embeds keep what they have."""
    own, other = embeds_of(notification("x", embeds=(Embed(title="t"),)))
    assert (own.color, other.color) == (BLUE, None)
    assert embeds_of(notification("x", color=0))[0].color == 0


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"title": "t" * 257}, "title"),
        ({"url": "nowhere"}, "url"),
        ({"footer": Footer("f" * 2049)}, "footer"),
        ({"footer": Footer("f", "file:///icon")}, "footer.icon_url"),
        ({"author": Author("a" * 257)}, "author"),
        ({"author": Author("a", "nowhere")}, "author.url"),
        ({"fields": (Field("n", "v"), Field("n", "v" * 1025))}, "fields[1].value"),
        ({"fields": (Field("n" * 257, "v"),)}, "fields[0].name"),
        ({"embeds": (Embed(title="t" * 257),)}, "embeds[0].title"),
        ({"embeds": (Embed(description="t", image=Image("no url")),)}, "embeds[0].image"),
        ({"embeds": (Embed(title="t", timestamp="1960-01-01"),)}, "embeds[0].timestamp"),
        ({"embeds": (Embed(url=LINK),)}, "embeds[0]"),
        ({"sender": Sender("discord")}, "username"),
        ({"sender": Sender("u" * 81)}, "username"),
        ({"sender": Sender("u", "nowhere")}, "avatar_url"),
        ({"mail": Mail(attachments=(Attachment("r.csv", b"", "text/csv"),))}, "kwargs.attachments"),
    ],
)
def test_whatever_discord_does_not_take_is_noted(parts: dict[str, Any], field: str) -> None:
    """By the place where it stands."""
    assert fields_noted(notification("x", **parts)) == [field]


@pytest.mark.parametrize(
    "parts",
    [
        {"title": " t "},
        {"title": "\ue000"},
        {"fields": (Field("", "v"), Field("n", ""))},
        {"sender": Sender("  two   words ", f"{LINK}交易.png")},
        {"url": f"{LINK}交易"},
    ],
)
def test_what_only_looks_different_is_no_note(parts: dict[str, Any]) -> None:
    """Spaces, what stands for an empty text, a URL in ASCII."""
    assert render(notification("x", **parts)).notes == ()


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS)
def test_nothing_is_cut_without_a_note(told: Notification) -> None:
    """Wherever the mark stands, there is a note."""
    rendered = render(told)
    texts = [
        text
        for request in rendered.requests
        for embed in request
        for text in (
            *(embed.title, embed.description, embed.footer and embed.footer.text),
            *(each for field in embed.fields for each in (field.name, field.value)),
        )
    ]
    if any(text and text.endswith(SHORTENED) for text in texts):
        assert rendered.notes
    assert all(isinstance(note, Note) for note in rendered.notes)
