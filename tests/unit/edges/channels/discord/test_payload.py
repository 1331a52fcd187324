"""What is sent to Discord is never refused, judged by the stand-in that enforces its rules."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from app.edges.channels.discord.payload import encode, fits
from app.edges.channels.discord.rendering import render
from app.inbox.discord.embeds import shown_embeds
from app.inbox.discord.payload import Refusal, judge
from app.values.errors import InvalidRecordError
from app.values.notification import (
    Embed,
    Notification,
    Request,
    Sender,
)
from tests.support.messages import envelope, read
from tests.support.notifications import NOTIFICATIONS

LINK = "https://example.com/"
UNSEEN = {"color", "timestamp"}


def notification(content: str = "x", **parts: Any) -> Notification:
    """Return a notification."""
    return Notification(content=content, requests=(Request("discord"),), **parts)


def accepted(embeds: Sequence[Embed], sender: Sender | None = None) -> list[dict[str, Any]]:
    """Return the embeds of a message as sent, which Discord must take."""
    verdict = judge(encode(embeds, sender or Sender()))
    assert not isinstance(verdict, Refusal), verdict
    sent: list[dict[str, Any]] = verdict["embeds"]
    return sent


def shown(embeds: Sequence[Embed]) -> int:
    """Return how many embeds Discord shows of a message, which it must take."""
    return len(shown_embeds(accepted(embeds)))


def as_record(told: Notification) -> dict[str, Any]:
    """Return an envelope that says the same."""
    parts: dict[str, Any] = msgspec.to_builtins(told)
    names = ("color", "fields", "footer", "author", "url", "embeds")
    kwargs = {name: parts[name] for name in names} | parts["sender"]
    metadata = {"title": told.title}
    return envelope(
        content=told.content, content_type=told.content_type, metadata=metadata, kwargs=kwargs
    )


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS)
def test_discord_takes_every_notification(told: Notification) -> None:
    """Whatever it holds; and nobody's text is hidden behind another's link."""
    for request in render(told).requests:
        sent = accepted(request, told.sender)
        hidden = [embed for embed in sent if embed not in shown_embeds(sent)]
        assert all(embed.keys() <= {"url", "image", "thumbnail", *UNSEEN} for embed in hidden)


@settings(max_examples=50, deadline=None)
@given(NOTIFICATIONS)
def test_discord_takes_whatever_is_parsed(told: Notification) -> None:
    """All the way from the record's bytes."""
    try:
        parsed = read(as_record(told))
    except InvalidRecordError:
        reject()
    for request in render(parsed).requests:
        accepted(request, parsed.sender)


SMALL = st.builds(
    notification,
    st.builds(lambda text, count: text * count, st.sampled_from("x交📈"), st.integers(1, 2500)),
    title=st.none() | st.just("t"),
    url=st.none() | st.sampled_from([LINK, LINK + "a", LINK + "b"]),
    embeds=st.lists(
        st.builds(Embed, title=st.text(min_size=1, max_size=9), url=st.none() | st.just(LINK)),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(SMALL, min_size=2, max_size=14))
def test_what_fits_is_taken_and_shown(queue: list[Notification]) -> None:
    """Merged as far as they fit, everything shows; one more would be refused or hidden."""
    merged: tuple[Embed, ...] = ()
    for part in (render(told).requests[0] for told in queue):
        alone = shown(part)
        together = [*merged, *part]
        if fits(merged, part):
            assert shown(together) == (shown(merged) if merged else 0) + alone
            merged = (*merged, *part)
        else:
            verdict = judge(encode(together, Sender()))
            both = shown(merged) + alone
            assert isinstance(verdict, Refusal) or len(shown_embeds(verdict["embeds"])) < both
            merged = part


def plain(length: int, url: str | None = None) -> tuple[Embed, ...]:
    """Return one embed of so many characters."""
    return (Embed(description="x" * length, url=url),)


@pytest.mark.parametrize(
    ("embeds", "more", "together"),
    [
        (plain(1) * 9, plain(1), True),
        (plain(1) * 9, plain(1) * 2, False),
        (plain(1) * 10, plain(1), False),
        (plain(3000), plain(3000), True),
        (plain(3000), plain(3001), False),
        (plain(3000), (Embed(title="📈" * 100, description="x" * 2800),), True),
        (plain(3000), (Embed(title="📈" * 100, description="x" * 2801),), False),
        (plain(1, LINK), plain(1, LINK + "#"), True),
        (plain(1, LINK), plain(1, LINK), False),
        (plain(1), plain(1), True),
        ((), plain(1), True),
    ],
)
def test_what_fits(embeds: tuple[Embed, ...], more: tuple[Embed, ...], together: bool) -> None:
    """Ten embeds, 6,000 characters over all of them, no URL twice."""
    assert fits(embeds, more) is together


def test_nobody_is_mentioned() -> None:
    """A text with @everyone in it wakes nobody; what Discord refuses of a sender is left out."""
    (embeds,) = render(notification("@everyone")).requests
    verdict = judge(encode(embeds, Sender("clyde", "nowhere")))
    assert isinstance(verdict, dict)
    assert set(verdict) == {"embeds", "allowed_mentions"}
    assert verdict["allowed_mentions"] == {"parse": []}
