"""One transaction: MAIL, RCPT for every recipient, DATA, and the server's reply to each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from app.edges.smtp.replies import Reply, Stage, is_recipient_limit, says_too_many_recipients
from app.edges.smtp.session import SessionRefusedError, SmtpSession
from app.edges.smtp.wire import SmtpError

PATIENCE = 10
"""How many times as long as for anything else the answer to the text is waited for.

A client that gives up there sends twice (RFC 5321, section 4.5.3.2.6).
"""

_GO_ON = 354
_OUT_OF_ORDER = 503
_NO_UTF8 = 553
_TOO_LARGE = 552


class Envelope(msgspec.Struct, frozen=True):
    """One mail to hand in."""

    sender: str  # the bare address that bounces go to
    recipients: Sequence[str]  # bare addresses, at least one, each once
    # returns the mail in pieces of whole lines; told whether it may hold UTF-8 in its headers
    compose: Callable[[bool], Sequence[bytes]]


class Handed(NamedTuple):
    """The result of a transaction."""

    replies: dict[str, Reply]  # the server's last word about each recipient that was decided about
    # recipients for another transaction: there were too many for this one
    again: Sequence[str] = ()
    most: int | None = None  # how many the server takes in one, if it has said so


class Transaction:
    """Hands in one mail to some of its recipients.

    Args:
        session: Nothing is under way in it; mails may have been handed in before.
    """

    def __init__(self, session: SmtpSession, envelope: Envelope, recipients: Sequence[str]) -> None:
        self._session = session
        self._fresh = session.transactions == 0
        self._sender = envelope.sender
        # Asked for only if it is needed: a server further on may have to send such mail back.
        needed = not all(map(str.isascii, (envelope.sender, *envelope.recipients)))
        self._utf8 = needed and "SMTPUTF8" in session.offers
        self._text = envelope.compose(self._utf8)
        self._size = sum(map(len, self._text))
        self._replies: dict[str, Reply] = {}
        self._recipients = [each for each in recipients if self._is_possible(each)]

    async def run(self) -> Handed:
        """Hand in the mail.

        Raises:
            SessionRefusedError: Nothing was taken, and it may be in a new session.
            SmtpError: Nothing was taken.
        """
        if not self._recipients or self._is_too_large():
            return Handed(self._replies)
        self._session.transactions += 1
        try:
            sender, recipients, data = await self._announce()
        except SmtpError as error:
            kind = SmtpError if self._fresh else SessionRefusedError
            raise kind(str(error)) from None
        accepted, again = self._sort(sender, recipients)
        said_so = bool(again) and any(map(is_recipient_limit, recipients))
        if accepted and data.code == _GO_ON:
            await self._hand_over(accepted)
        elif not self._fresh and _may_pass_elsewhere(sender, recipients, data):
            raise SessionRefusedError(f"the mail server answered {data}")
        else:
            self._replies.update(dict.fromkeys(accepted, data))
            await self._withdraw(data)
        return Handed(self._replies, again, len(accepted) if said_so else None)

    async def _announce(self) -> tuple[Reply, list[Reply], Reply]:
        """Say who writes to whom; return the replies, the last one to DATA."""
        mail = " ".join((f"MAIL FROM:<{self._sender}>", *self._options()))
        to = [f"RCPT TO:<{each}>" for each in self._recipients]
        if "PIPELINING" in self._session.offers:
            stages = [Stage.SENDER, *[Stage.RECIPIENT] * len(to), Stage.TEXT]
            sender, *others, data = await self._session.commands([mail, *to, "DATA"], stages)
            return sender, others, data
        sender = await self._session.command(mail, Stage.SENDER)
        if not sender.good:
            return sender, [], sender
        others = [await self._session.command(each, Stage.RECIPIENT) for each in to]
        if not any(reply.good for reply in others):
            return sender, others, others[-1]
        return sender, others, await self._session.command("DATA", Stage.TEXT)

    def _sort(self, sender: Reply, recipients: Sequence[Reply]) -> tuple[list[str], list[str]]:
        """Return who was accepted, and who has to wait for another transaction."""
        if not sender.good:
            self._replies.update(dict.fromkeys(self._recipients, sender))
            return [], []
        accepted: list[str] = []
        again: list[str] = []
        for recipient, reply in zip(self._recipients, recipients, strict=True):
            if reply.good:
                accepted.append(recipient)
            elif accepted and says_too_many_recipients(reply):
                again.append(recipient)
            else:
                self._replies[recipient] = reply
        return accepted, again

    async def _hand_over(self, accepted: Sequence[str]) -> None:
        """Send the text; if the connection is lost from now on, nobody knows whether it arrived."""
        session = self._session
        try:
            with suppress(SmtpError):  # perhaps it said why, before it closed
                await session.wire.send(_stuffed(self._text), session.timeout)
            reply = await session.wire.reply(Stage.TEXT, session.timeout * PATIENCE)
        except SmtpError as error:
            reply = Reply(None, str(error), Stage.TEXT)
        self._replies.update(dict.fromkeys(accepted, reply))

    async def _withdraw(self, data: Reply) -> None:
        """End a transaction without a text."""
        if data.code == _GO_ON:  # it waits for a text that is for nobody
            self._session.wire.abort()
            return
        try:
            await self._session.command("RSET", Stage.SENDER)
        except SmtpError:
            self._session.wire.abort()

    def _is_possible(self, recipient: str) -> bool:
        for address in (self._sender, recipient):
            if not (self._utf8 or address.isascii()):
                text = f"the mail server does not offer SMTPUTF8, which {address} needs"
                self._replies[recipient] = Reply(_NO_UTF8, text, Stage.RECIPIENT)
                return False
        return True

    def _is_too_large(self) -> bool:
        most = self._session.max_size
        if most is None or self._size <= most:
            return False
        text = f"5.3.4 the mail has {self._size} bytes, and the mail server takes {most} at most"
        reply = Reply(_TOO_LARGE, text, Stage.SENDER)
        self._replies.update(dict.fromkeys(self._recipients, reply))
        return True

    def _options(self) -> Iterator[str]:
        if "SIZE" in self._session.offers:
            yield f"SIZE={self._size}"
        if self._utf8:
            yield "BODY=8BITMIME"  # which RFC 6531 has every server offer that offers SMTPUTF8
            yield "SMTPUTF8"


def _may_pass_elsewhere(sender: Reply, recipients: Sequence[Reply], data: Reply) -> bool:
    """Say whether the server, without a text of this mail, might take it in a new session."""
    if not sender.good:
        return True
    if any(reply.good for reply in recipients):
        return data.temporary or data.code == _OUT_OF_ORDER
    return all(reply.temporary or says_too_many_recipients(reply) for reply in recipients)


def _stuffed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Double the dots that lines begin with, and end the text (RFC 5321, section 4.5.2)."""
    for piece in pieces:
        doubled = piece.replace(b"\n.", b"\n..")
        yield b"." + doubled if doubled.startswith(b".") else doubled
    yield b".\r\n"
