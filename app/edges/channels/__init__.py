"""The channels, a folder each; ``CHANNELS`` is the only list of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from app.edges.channels import (
    bark,
    console,
    dingtalk,
    discord,
    email,
    feishu,
    gotify,
    mattermost,
    ntfy,
    pushplus,
    rocketchat,
    serverchan,
    slack,
    teams,
    telegram,
    webhook,
    wecom,
)
from app.edges.channels.base import Channel, ChannelEntry, Means

__all__ = ["CHANNELS", "open_channels"]

CHANNELS: tuple[ChannelEntry, ...] = (
    webhook.SPEC,
    discord.SPEC,
    telegram.SPEC,
    slack.SPEC,
    feishu.SPEC,
    dingtalk.SPEC,
    wecom.SPEC,
    mattermost.SPEC,
    rocketchat.SPEC,
    teams.SPEC,
    ntfy.SPEC,
    gotify.SPEC,
    bark.SPEC,
    serverchan.SPEC,
    pushplus.SPEC,
    email.SPEC,
    console.SPEC,
)
"""In the order in which they are listed for people."""


@asynccontextmanager
async def open_channels(
    means: Means, entries: Sequence[ChannelEntry] = CHANNELS
) -> AsyncIterator[Mapping[str, Channel]]:
    """Make every channel and yield them by name; what they keep open is closed at the end."""
    channels: dict[str, Channel] = {}
    async with AsyncExitStack() as stack:
        for entry in entries:
            channel = entry.make(means)
            if channel is not None:
                stack.push_async_callback(channel.close)
                channels[entry.name] = channel
        yield channels
