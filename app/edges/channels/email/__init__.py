"""E-mail through a mail server."""

from app.edges.channels.base import ChannelEntry
from app.edges.channels.email.channel import EmailChannel
from app.values.channel import AddressKind

CONCURRENCY = 4
"""Mail servers limit connections per client; a few that are reused carry thousands of mails."""

SPEC = ChannelEntry(
    name="email",
    kind=AddressKind.MAIL,
    concurrency=CONCURRENCY,
    make=lambda means: EmailChannel(means.mail) if means.mail is not None else None,
)
