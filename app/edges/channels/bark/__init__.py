"""Bark: iPhones, through Apple's push service."""

from app.edges.channels.bark.address import lacking
from app.edges.channels.bark.channel import BarkChannel
from app.edges.channels.base import ChannelEntry

SPEC = ChannelEntry(
    name="bark",
    needs=lacking,
    make=lambda means: BarkChannel(means.http, means.webhook_timeout),
)
