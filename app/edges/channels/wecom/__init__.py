"""WeCom (企业微信) group robots."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.wecom import address
from app.edges.channels.wecom.channel import FORM, WecomChannel

SPEC = ChannelEntry(
    name="wecom",
    recognises=address.is_robot,
    limit_key=address.limit_key,
    requests=FORM.requests,
    make=lambda means: WecomChannel(means.http, means.webhook_timeout),
)
