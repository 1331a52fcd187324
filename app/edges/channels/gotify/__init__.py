"""Applications of Gotify servers."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.gotify.channel import GotifyChannel, lacking

SPEC = ChannelEntry(
    name="gotify",
    needs=lacking,
    make=lambda means: GotifyChannel(means.http, means.webhook_timeout),
)
