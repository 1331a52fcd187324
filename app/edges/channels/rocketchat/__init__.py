"""Rocket.Chat's incoming integrations: attachments, in its own Markdown.

Their paths look like Mattermost's: a URL is one of these if somebody says so.
"""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.rocketchat.channel import RocketChatChannel

SPEC = ChannelEntry(
    name="rocketchat",
    make=lambda means: RocketChatChannel(means.http, means.webhook_timeout),
)
