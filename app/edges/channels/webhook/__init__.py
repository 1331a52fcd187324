"""Webhooks of any service that takes the Standard Webhooks form."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.webhook.channel import WebhookChannel

SPEC = ChannelEntry(
    name="webhook",
    yields=True,
    make=lambda means: WebhookChannel(means.http, means.webhook_timeout, means.signing_keys),
)
