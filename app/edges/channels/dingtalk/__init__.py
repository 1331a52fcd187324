"""DingTalk (钉钉) custom robots."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.dingtalk import address
from app.edges.channels.dingtalk.channel import FORM, DingtalkChannel

SPEC = ChannelEntry(
    name="dingtalk",
    recognises=address.is_robot,
    limit_key=address.limit_key,
    requests=FORM.requests,
    make=lambda means: DingtalkChannel(means.http, means.webhook_timeout),
)
