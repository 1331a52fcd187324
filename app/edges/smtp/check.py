"""Checks whether a mail server takes mails from this service; none is sent."""

from app.edges.smtp.connection import MailServer, connect
from app.edges.smtp.helo import full_name
from app.edges.smtp.login import log_in
from app.edges.smtp.replies import Stage, is_about_the_login, is_about_the_sender
from app.edges.smtp.session import SmtpSession
from app.edges.smtp.wire import SmtpError
from app.policies.mail.addresses import normalise_mail
from app.policies.redaction import scrub


async def check_server(server: MailServer, recipient: str | None) -> None:
    """Connect, log in, name the sender and a recipient, and go.

    Many servers say only then what they have against a name in EHLO, a sender, or a client.

    Args:
        recipient: Somebody who gets mails; the sender itself when left out. Whether the server
            knows them does not matter.

    Raises:
        SmtpError: It takes nothing; the text says why, fit to be shown.
    """
    sender = normalise_mail(server.from_address)
    try:
        session = await connect(server, await full_name())
        try:
            if server.username is not None:
                await log_in(session, server.username, server.password or "")
            if (sender + (recipient or "")).isascii():  # else it depends on SMTPUTF8
                await _name(session, sender, normalise_mail(recipient or sender))
        finally:
            await session.quit()
    except SmtpError as error:
        raise SmtpError(scrub(str(error), server.secrets)) from None


async def _name(session: SmtpSession, sender: str, recipient: str) -> None:
    reply = await session.command(f"MAIL FROM:<{sender}>", Stage.SENDER)
    if not reply.good:
        raise SmtpError(f"the mail server takes no mail from {sender}: {reply}")
    reply = await session.command(f"RCPT TO:<{recipient}>", Stage.RECIPIENT)
    if is_about_the_login(reply) or is_about_the_sender(reply):
        raise SmtpError(f"the mail server takes no mail from this machine: {reply}")
