"""E-mail."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr

from app.edges.channels.answers import quote
from app.edges.channels.base import Channel
from app.edges.smtp.connection import MailServer, SmtpError
from app.edges.smtp.pool import SmtpPool
from app.edges.smtp.transaction import Envelope, Reply
from app.policies.identifiers import mail_message_id
from app.policies.mail_message import compose
from app.policies.redaction import NO_SECRETS, Secrets
from app.values.delivery import Delivery
from app.values.outcome import Answer, Delivered, Outcome, Rejected, Retry

_LOGIN_CODES = (530, 534, 535, 538)  # RFC 4954: the operator's to put right, not the mail's fault


class EmailChannel(Channel):
    """Hands mails to a mail server: one mail to all recipients, one outcome for each.

    Args:
        server: The mail server.
        clock: Seconds since the epoch.
    """

    name = "email"

    def __init__(self, server: MailServer, clock: Callable[[], float] = time.time) -> None:
        self._server = server
        self._clock = clock
        self._pool = SmtpPool(server)
        self._sender = parseaddr(server.from_address)[1]
        self._secrets = Secrets([server.password] if server.password else [])

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """See ``Channel.send``."""
        (delivery,) = deliveries
        recipients = [target.address for target in delivery.targets]
        envelope = Envelope(self._sender, recipients, lambda utf8: self._compose(delivery, utf8))
        try:
            replies = await self._pool.send(envelope)
        except SmtpError as error:
            return Answer(((Retry(quote(str(error), self._secrets)),) * len(recipients),))
        return Answer((tuple(classify(reply, self._secrets) for reply in replies),))

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._pool.close()

    def _compose(self, delivery: Delivery, utf8: bool) -> bytes:
        domain = self._sender.rpartition("@")[2]
        return compose(
            delivery.notification,
            sender=self._server.from_address,
            message_id=mail_message_id(
                delivery.source, delivery.digest, self._server.address, domain
            ),
            date=datetime.fromtimestamp(self._clock(), UTC),
            utf8=utf8,
        )


def classify(reply: Reply, secrets: Secrets = NO_SECRETS) -> Outcome:
    """Return what the server's reply means for a recipient.

    Args:
        reply: Anything at all.
        secrets: What the server may echo and must not be shown.
    """
    if reply.code is None:
        return Retry(quote(reply.text, secrets))
    said = quote(f"SMTP {reply.code}: {reply.text}", secrets)
    if 200 <= reply.code < 300:
        return Delivered(said)
    if 500 <= reply.code < 600 and reply.code not in _LOGIN_CODES:
        return Rejected(said)
    return Retry(said)
