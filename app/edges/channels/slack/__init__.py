"""Slack's incoming webhooks: an attachment with blocks for each notification."""

from app.edges.channels.base import ChannelEntry, Question
from app.edges.channels.slack import address
from app.edges.channels.slack.answers import fault
from app.edges.channels.slack.channel import SlackChannel

SPEC = ChannelEntry(
    name="slack",
    recognises=address.is_webhook,
    fault=address.fault,
    limit_key=address.limit_key,
    shown=address.shown,
    secret=address.SECRET,
    question=Question(b"{}", fault),
    make=lambda means: SlackChannel(means.http, means.webhook_timeout),
)
