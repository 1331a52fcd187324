"""Topics of ntfy servers."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.ntfy import address
from app.edges.channels.ntfy.channel import NtfyChannel

SPEC = ChannelEntry(
    name="ntfy",
    needs=address.lacking,
    make=lambda means: NtfyChannel(means.http, means.webhook_timeout),
)
