"""The channels, one module each."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from app.edges.channels.base import Channel
from app.edges.channels.console import ConsoleChannel
from app.edges.channels.discord import DiscordChannel
from app.edges.channels.email import EmailChannel
from app.edges.channels.webhook import WebhookChannel
from app.edges.http import HttpPort
from app.edges.smtp.connection import MailServer
from app.policies.standard_webhooks import signing_key
from app.settings.models import WebhookSettings

__all__ = ["MailServer", "open_channels"]


@asynccontextmanager
async def open_channels(
    webhook: WebhookSettings,
    mail: MailServer | None,
    http: HttpPort,
    write: Callable[[str], object] | None = None,
) -> AsyncIterator[Mapping[str, Channel]]:
    """Make every channel and yield them by name; what they keep open is closed at the end.

    Args:
        webhook: Time-out and signing secrets.
        mail: The mail server; None leaves e-mail out.
        http: Sends webhooks.
        write: Takes the console's text; standard output when left out.
    """
    keys = [signing_key(secret.get_secret_value()) for secret in webhook.signing_secret]
    channels: dict[str, Channel] = {
        "discord": DiscordChannel(http, webhook.timeout),
        "webhook": WebhookChannel(http, webhook.timeout, keys),
        "console": ConsoleChannel(write or _print),
    }
    if mail is None:
        yield channels
        return
    email = EmailChannel(mail)
    try:
        yield {**channels, "email": email}
    finally:
        await email.close()


def _print(text: str) -> None:
    print(text, end="", file=sys.stdout, flush=True)
