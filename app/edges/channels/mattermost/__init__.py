"""Mattermost's incoming webhooks: attachments, in its own Markdown.

Their paths look like Rocket.Chat's: a URL is one of these if somebody says so.
"""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.mattermost.channel import MattermostChannel

SPEC = ChannelEntry(
    name="mattermost",
    make=lambda means: MattermostChannel(means.http, means.webhook_timeout),
)
