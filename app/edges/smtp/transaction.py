"""One mail: MAIL, RCPT for every recipient, DATA, and what the server said to each."""

from collections.abc import Callable, Sequence

import aiosmtplib
import msgspec

from app.edges.smtp.connection import MailServer, SmtpError, describe

_OK = 250
_SERVICE_CLOSING = 421
_MAILBOX_NOT_ALLOWED = 553


class Reply(msgspec.Struct, frozen=True):
    """What the server answered for one recipient.

    Attributes:
        code: The SMTP reply code; None where no answer came.
        text: The server's words, or what happened instead.
    """

    code: int | None
    text: str


class Envelope(msgspec.Struct, frozen=True):
    """One mail to hand in.

    Attributes:
        sender: The bare address that bounces go to.
        recipients: Bare addresses, at least one.
        compose: Returns the mail; told whether it may hold UTF-8 in its headers.
    """

    sender: str
    recipients: Sequence[str]
    compose: Callable[[bool], bytes]


class NotBegunError(SmtpError):
    """The connection turned out to be dead before the server took anything of this mail."""


class Transaction:
    """MAIL, RCPT for every recipient, DATA: and what the server said to each."""

    def __init__(self, connection: aiosmtplib.SMTP, envelope: Envelope, server: MailServer) -> None:
        self._smtp = connection
        self._server = server
        self._envelope = envelope
        # Asked for only where it is needed: a server further on may have to send such mail back.
        needed = not all(map(str.isascii, (envelope.sender, *envelope.recipients)))
        self._utf8 = needed and connection.supports_extension("smtputf8")
        self._replies: dict[str, Reply] = {}

    async def run(self) -> list[Reply]:
        """Hand in the mail and return one reply for each recipient, in order.

        Raises:
            NotBegunError: The connection was dead.
        """
        mail = self._envelope.compose(self._utf8)
        try:
            if await self._begin() and await self._name_recipients():
                await self._hand_over(mail)
            else:
                await self._smtp.rset()
        except NotBegunError:
            raise
        except Exception as error:  # noqa: BLE001 -- the server may answer anything at all
            self._smtp.close()
            self._answer_rest(Reply(None, describe(error, self._server)))
        return [self._replies[recipient] for recipient in self._envelope.recipients]

    async def _begin(self) -> bool:
        sender = self._envelope.sender
        if not self._possible(sender):
            self._answer_rest(_needs_utf8(sender))
            return False
        options = ["SMTPUTF8"] if self._utf8 else []
        try:
            await self._smtp.mail(sender, options=options, encoding=self._encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code == _SERVICE_CLOSING:
                raise NotBegunError(describe(error, self._server)) from None
            self._answer_rest(_reply(error))
            return False
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotBegunError(describe(error, self._server)) from None
        return True

    async def _name_recipients(self) -> bool:
        """Return whether the server takes any of them."""
        accepted = False
        for recipient in self._envelope.recipients:
            if not self._possible(recipient):
                self._replies[recipient] = _needs_utf8(recipient)
                continue
            try:
                await self._smtp.rcpt(recipient, encoding=self._encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                self._replies[recipient] = _reply(error)
            else:
                accepted = True
        return accepted

    async def _hand_over(self, mail: bytes) -> None:
        try:
            answer = await self._smtp.data(mail)
        except aiosmtplib.SMTPDataError as error:
            self._answer_rest(_reply(error))
            await self._smtp.rset()
        else:
            self._answer_rest(Reply(_OK, answer.message))

    def _answer_rest(self, reply: Reply) -> None:
        for recipient in self._envelope.recipients:
            self._replies.setdefault(recipient, reply)

    def _possible(self, address: str) -> bool:
        return self._utf8 or address.isascii()

    @property
    def _encoding(self) -> str:
        return "utf-8" if self._utf8 else "ascii"


def _reply(error: aiosmtplib.SMTPResponseException) -> Reply:
    return Reply(error.code, error.message)


def _needs_utf8(address: str) -> Reply:
    return Reply(
        _MAILBOX_NOT_ALLOWED, f"the mail server does not offer SMTPUTF8, which {address} needs"
    )
