"""The channels, one module each."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from app.edges.channels.base import Channel
from app.edges.channels.console import ConsoleChannel
from app.edges.channels.discord import DiscordChannel
from app.edges.channels.email import EmailChannel
from app.edges.channels.webhook import WebhookChannel
from app.edges.http import HttpPort
from app.edges.smtp.connection import MailServer

__all__ = ["MailServer", "open_channels"]


@asynccontextmanager
async def open_channels(
    webhook_timeout: float,
    signing_keys: Sequence[bytes],
    mail: MailServer | None,
    http: HttpPort,
    write: Callable[[str], object] | None = None,
) -> AsyncIterator[Mapping[str, Channel]]:
    """Make every channel and yield them by name; what they keep open is closed at the end.

    Args:
        webhook_timeout: Seconds that a request may take.
        signing_keys: What webhooks are signed with, side by side.
        mail: The mail server; None leaves e-mail out.
        http: Sends webhooks.
        write: Takes the console's text; standard output when left out.
    """
    console = ConsoleChannel(write or _print)
    channels: dict[str, Channel] = {
        "discord": DiscordChannel(http, webhook_timeout),
        "webhook": WebhookChannel(http, webhook_timeout, signing_keys),
        "console": console,
    }
    async with AsyncExitStack() as stack:
        stack.callback(console.close)
        if mail is not None:
            channels["email"] = email = EmailChannel(mail)
            stack.push_async_callback(email.close)
        yield channels


def _print(text: str) -> None:
    print(text, end="", file=sys.stdout, flush=True)
