"""What stands in during development: the embedded broker for Kafka, the inbox for destinations."""

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from app.configured import connect_to, mail_server_of
from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.smtp.connection import MailServer
from app.policies.channels import Channels
from app.policies.routing import Defaults
from app.settings.models import EmailSettings, KafkaSettings, Settings

if TYPE_CHECKING:
    from app.inbox.inbox import Inbox

log = logging.getLogger(__name__)


async def connect(kafka: KafkaSettings, stack: AsyncExitStack) -> Connection:
    """Return where Kafka is; start the embedded broker if the settings name no other."""
    if not kafka.embedded:
        return connect_to(kafka)
    broker = await stack.enter_async_context(EmbeddedBroker())
    log.warning(
        "the embedded broker at %s is for development: it keeps records in memory, for one worker; "
        "name a Kafka broker in NOTIFIER_KAFKA__BOOTSTRAP_SERVERS",
        broker.address,
    )
    return connect_to(kafka, broker.address)


async def start_inbox(stack: AsyncExitStack, channels: Channels) -> "Inbox":
    """Start the inbox, which takes what has no destination."""
    # Its servers' libraries are a sixth of the time that a start takes: nobody else waits for them.
    from app.inbox.inbox import Inbox  # noqa: PLC0415

    return await stack.enter_async_context(Inbox(secrets=channels.secrets))


def mail_server(email: EmailSettings, inbox: "Inbox | None") -> MailServer | None:
    """Return the configured mail server, else the inbox's, else None."""
    if (configured := mail_server_of(email)) is not None or inbox is None:
        return configured
    host, port = inbox.smtp_address
    return MailServer(
        host=host,
        port=port,
        tls="none",
        from_address=email.from_address or "notifier@localhost",
        timeout=email.timeout,
    )


def defaults(settings: Settings, inbox: "Inbox | None", server: MailServer | None) -> Defaults:
    """Return where notifications go that carry no address: as it is set, else to the inbox."""
    url, secret = settings.webhook.default_url, settings.webhook.default_secret
    email_to = settings.email.default_to
    if inbox is not None and not email_to and settings.email.host is None:
        email_to = ("inbox@localhost",)
    return Defaults(
        webhook_url=url.get_secret_value() if url else inbox.webhook_url if inbox else None,
        webhook_secret=secret.get_secret_value() if url and secret else None,
        email_to=email_to,
        smtp=server.address if server else None,
    )
