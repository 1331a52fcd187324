"""The console: notifications as text, for development and for piping elsewhere."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.console.channel import ConsoleChannel
from app.values.channel import AddressKind

SPEC = ChannelEntry(
    name="console",
    kind=AddressKind.NONE,
    concurrency=1,
    make=lambda means: ConsoleChannel(means.write),
)
