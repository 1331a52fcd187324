"""E-mail."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from weakref import ref

from app.edges.callbacks import InTasks
from app.edges.channels.answers import quote
from app.edges.channels.base import Attempt, Channel, Then
from app.edges.channels.email.message import Body, Headers, body_of, compose, weight_of
from app.edges.smtp.connection import MailServer
from app.edges.smtp.pool import SmtpPool
from app.edges.smtp.replies import (
    Reply,
    Stage,
    is_about_the_login,
    is_about_the_recipient,
    is_about_the_sender,
    says_too_large,
)
from app.edges.smtp.transaction import Envelope
from app.policies.headers.identifiers import mail_message_id
from app.policies.mail.addresses import read_mailbox
from app.values.delivery import Delivery, Mailbox
from app.values.note import Note
from app.values.notification import Notification
from app.values.outcome import Answer, Delivered, Denied, Outcome, Rejected, Retry

LIGHT = 32_768
"""What is larger is composed in a thread."""

_TOO_LARGE = Note(
    "kwargs.attachments", "the mail server takes no mail that large; sent without attachments"
)


class EmailChannel(Channel):
    """Hands mails to a mail server: one outcome for each recipient."""

    name = "email"

    def __init__(self, server: MailServer, clock: Callable[[], float] = time.time) -> None:
        self._server = server
        self._clock = clock
        self._pool = SmtpPool(server)
        self._sender = read_mailbox(server.from_address)
        self._bodies = _Bodies()
        self._tasks = InTasks("hand in a mail")
        self._secrets = server.secrets

    def begin(self, deliveries: Sequence[Delivery], then: Then) -> Attempt:
        """See ``Channel.begin``."""
        return self._tasks.begin(self._attempt(deliveries), then)

    async def _attempt(self, deliveries: Sequence[Delivery]) -> Answer:
        (delivery,) = deliveries
        recipients = [target.address for target in delivery.targets]
        notes: tuple[Note, ...] = ()
        replies = await self._send(delivery, recipients, attached=True)
        if delivery.notification.mail.attachments:
            refused = [each for each, reply in replies.items() if says_too_large(reply)]
            if refused:
                replies |= await self._send(delivery, refused, attached=False)
                notes = (_TOO_LARGE,)
        outcomes = tuple(self._outcome(replies[recipient]) for recipient in recipients)
        return Answer((outcomes,), notes=(notes,) if notes else ())

    def ask_again(self) -> None:
        """See ``Channel.ask_again``: a login that was refused may be tried at once."""
        self._pool.forget_refusals()

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._tasks.close()
        await self._pool.close()

    async def _send(
        self, delivery: Delivery, recipients: Sequence[str], *, attached: bool
    ) -> dict[str, Reply]:
        body = await self._bodies.of(delivery, attached=attached)
        if not delivery.heading.apart:
            return await self._hand_in(delivery, body, recipients)
        replies: dict[str, Reply] = {}
        for recipient in recipients:
            replies |= await self._hand_in(delivery, body, [recipient])
        return replies

    async def _hand_in(
        self, delivery: Delivery, body: Body, recipients: Sequence[str]
    ) -> dict[str, Reply]:
        heading = delivery.heading
        to, part = heading.to, heading.part
        if heading.apart:
            to = (part,) = tuple(recipients)
        headers = Headers(
            sender=self._sender,
            to=[Mailbox(each, heading.names.get(each, "")) for each in to],
            cc=[Mailbox(each, heading.names.get(each, "")) for each in heading.cc],
            date=datetime.fromtimestamp(self._clock(), UTC),
            message_id=self._message_id(delivery, part),
        )
        composed = cache(lambda utf8: compose(headers, body, utf8=utf8))
        return await self._pool.send(Envelope(self._sender.address, recipients, composed))

    def _message_id(self, delivery: Delivery, part: str) -> str:
        place = f"{self._server.address}/{part}" if part else self._server.address
        domain = self._sender.address.rpartition("@")[2]
        return mail_message_id(delivery.source, delivery.digest, place, domain)

    def _outcome(self, reply: Reply) -> Outcome:
        said = str(reply) if reply.code is None else f"SMTP {reply.code}: {reply.text}"
        return outcome_of(reply, quote(said, self._secrets))


def outcome_of(reply: Reply, said: str) -> Outcome:
    """Return the outcome that a server's reply stands for, for one recipient.

    Args:
        reply: The last one about that recipient.
        said: The same, fit to be shown.
    """
    if reply.good:
        return Delivered()
    if reply.stage is Stage.LOGIN or is_about_the_login(reply):
        return Denied(said, certain=True)
    if reply.temporary:
        return Retry(said, target_alone=is_about_the_recipient(reply))
    return Denied(said) if is_about_the_sender(reply) else Rejected(said)


class _Bodies:
    """Composes bodies of mails; a large one once for all deliveries of its notification."""

    def __init__(self) -> None:
        self._latest: tuple[ref[Notification], bool, asyncio.Task[Body]] | None = None

    async def of(self, delivery: Delivery, *, attached: bool) -> Body:
        """Return the body of a mail, with its attachments or without."""
        notification = delivery.notification
        compose_body = partial(
            body_of, notification, f"=_{delivery.digest.hex()[:32]}", attached=attached
        )
        if weight_of(notification) <= LIGHT:
            return compose_body()
        latest = self._latest
        if latest is None or latest[0]() is not notification or latest[1] is not attached:
            task = asyncio.create_task(asyncio.to_thread(compose_body), name="compose a mail")
            latest = self._latest = ref(notification, self._forget), attached, task
        # Whoever asked first may be cancelled: the others still want it.
        return await asyncio.shield(latest[2])

    def _forget(self, gone: ref[Notification]) -> None:
        if self._latest is not None and self._latest[0] is gone:
            self._latest = None
