"""PushPlus: WeChat, and whatever else it forwards to."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.pushplus import address
from app.edges.channels.pushplus.channel import PushPlusChannel

SPEC = ChannelEntry(
    name="pushplus",
    needs=address.lacking,
    make=lambda means: PushPlusChannel(means.http, means.webhook_timeout),
)
