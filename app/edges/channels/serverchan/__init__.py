"""Server酱: WeChat and its own app."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.serverchan import address
from app.edges.channels.serverchan.channel import ServerChanChannel

SPEC = ChannelEntry(
    name="serverchan",
    needs=address.lacking,
    make=lambda means: ServerChanChannel(means.http, means.webhook_timeout),
)
