"""Rendering: once for each notification, and forgotten with it."""

import gc
from collections.abc import Mapping

import pytest

from app.edges.callbacks import InTasks, UnderWay
from app.edges.channels import CHANNELS
from app.edges.channels.base import ChannelEntry, Means
from app.edges.channels.chat import ChatChannel
from app.edges.channels.discord.channel import DiscordChannel
from app.edges.channels.rendering import Renderings
from app.edges.http import HttpAnswer, Then
from app.values.notification import ContentType, Notification, Request
from tests.support.channels import attempt
from tests.support.engine import delivery, notification


def test_each_is_rendered_once_and_forgotten_when_it_is_gone() -> None:
    """Two that say the same are two: nothing compares their texts."""
    rendered: list[str] = []

    def render(told: Notification) -> str:
        rendered.append(told.content)
        return told.content.upper()

    renderings = Renderings(render)
    one, other = notification("same"), notification("same")
    for _ in range(3):
        assert (renderings.of(one), renderings.of(other)) == ("SAME", "SAME")
    assert rendered == ["same", "same"]
    del one
    gc.collect()
    assert len(renderings) == 1


@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
async def test_every_chat_service_renders_once(entry: ChannelEntry) -> None:
    """It is asked when a request is put together, merged, repeated, and what was left out."""
    channel = entry.make(Means(Accepting(), print))
    told = notification("a\n" * 10_000)
    if isinstance(channel, ChatChannel):
        assert channel.render(told) is channel.render(told)
        assert entry.requests(told) == len(channel.render(told).requests)
    if channel is not None:
        await channel.close()


class Accepting:
    """An HTTP port that accepts everything."""

    def begin(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, then: Then
    ) -> UnderWay:
        """Accept."""
        del url, body, headers, timeout

        async def accept() -> HttpAnswer:
            return HttpAnswer(204)

        return InTasks("accept").begin(accept(), then)


async def test_merged_requests_render_no_part_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve of a megabyte each took 47 seconds for one request, rendered anew for every choice."""
    rendered = 0

    def counted(html: str, limit: int) -> str:
        nonlocal rendered
        rendered += 1
        return html[:limit]

    monkeypatch.setattr("app.policies.texts.plain_text.html_to_text", counted)
    channel = DiscordChannel(Accepting(), 1.0)
    told = [
        Notification("<br>" * 240_000, (Request("discord"),), content_type=ContentType.HTML)
        for _ in range(12)
    ]
    parts = [delivery(each) for each in told]
    for part in parts:
        channel.prepare(part)
    for count in range(1, len(parts)):
        channel.mergeable(parts[:count], parts[count])
    await attempt(channel, parts[:1])
    assert rendered == len(parts)
