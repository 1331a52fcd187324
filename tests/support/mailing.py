"""Sending mails through the e-mail channel in tests: notifications, deliveries, servers."""

from collections.abc import Sequence
from typing import Any

from app.edges.channels.email.channel import EmailChannel
from app.edges.smtp.connection import MailServer
from app.policies.routing import Defaults, route
from app.values.delivery import Delivery
from app.values.notification import Mail, Notification, Request
from app.values.outcome import Answer, Outcome
from tests.support.channels import KNOWN, attempt


def mail_server(port: int, **settings: Any) -> MailServer:
    """Return the settings of a server on loopback."""
    known = {"host": "127.0.0.1", "port": port, "from_address": "Notifier <from@example.com>"}
    return MailServer(**{**known, "tls": "none", "timeout": 10.0, **settings})


def deliveries(
    to: Sequence[str],
    *,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    group: str | None = None,
    source: str = "id-1",
    **fields: Any,
) -> tuple[Delivery, ...]:
    """Return the deliveries of a mail, as routing makes them.

    Args:
        to: Entries of a list, as a producer writes them.
        cc: The same.
        bcc: The same.
        group: In words, if the addresses are from the recipients file.
        source: Tells the notification from others.
        fields: More of the notification.
    """
    mail = fields.pop("mail", Mail())
    mail = Mail(tuple(cc), tuple(bcc), mail.subject, mail.html, mail.attachments)
    request = Request("email", tuple(to), group)
    told = Notification(**{"content": "text", "requests": (request,), "mail": mail, **fields})
    routed = route(
        told, Defaults(smtp="smtp://mail.test:25"), KNOWN, source=source, digest=b"d" * 32
    )
    return routed.deliveries


async def send_all(channel: EmailChannel, mails: Sequence[Delivery]) -> list[Outcome]:
    """Make one attempt at each, one after the other; return every target's outcome."""
    answers: list[Answer] = [await attempt(channel, [each]) for each in mails]
    return [outcome for answer in answers for each in answer.outcomes for outcome in each]
