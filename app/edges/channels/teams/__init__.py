"""Microsoft Teams, through a workflow that posts adaptive cards."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.teams import address
from app.edges.channels.teams.channel import TeamsChannel

SPEC = ChannelEntry(
    name="teams",
    recognises=address.is_workflow,
    fault=address.fault,
    shown=address.shown,
    secret=address.SECRET,
    make=lambda means: TeamsChannel(means.http, means.webhook_timeout),
)
