"""Discord webhooks: embeds, limits that are told in every answer, and bans."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.discord import address
from app.edges.channels.discord.channel import DiscordChannel
from app.edges.channels.discord.rendering import requests_for

SPEC = ChannelEntry(
    name="discord",
    recognises=address.is_webhook,
    fault=address.fault,
    limit_key=address.limit_key,
    shown=address.shown,
    secret=address.SECRET,
    requests=requests_for,
    make=lambda means: DiscordChannel(means.http, means.webhook_timeout),
)
