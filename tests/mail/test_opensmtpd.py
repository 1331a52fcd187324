"""Mails handed to OpenSMTPD as its manual has it: a hundred a session, one answer a command."""

from pathlib import Path

from app.edges.channels.email.channel import EmailChannel
from app.values.notification import Attachment, Mail
from app.values.outcome import Delivered, Rejected
from tests.support.channels import attempt
from tests.support.mail_servers import opensmtpd
from tests.support.mailing import deliveries, mail_server, send_all


async def test_more_mails_than_a_session_takes_arrive(unpacked: Path) -> None:
    """The hundred-and-first is refused in the session and taken in the next: none is late."""
    async with opensmtpd(unpacked) as server:
        channel = EmailChannel(mail_server(server.port))
        for number in range(205):
            mails = deliveries([f"u{number}@example.com"], source=f"n{number}")
            (outcome,) = await send_all(channel, mails)
            assert isinstance(outcome, Delivered)
        await channel.close()
        found = await server.mails(f"u{number}@example.com" for number in range(205))
        assert {len(each) for each in found.values()} == {1}


async def test_every_recipient_has_their_own_answer(unpacked: Path) -> None:
    """Who is unknown fails alone; whom no other alphabet reaches too; too large is without files."""
    async with opensmtpd(unpacked, 'smtp max-message-size "50K"') as server:
        channel = EmailChannel(mail_server(server.port))
        to = ["a@example.com", "用户@example.com", "b@elsewhere.example"]
        outcomes = await send_all(channel, deliveries(to))
        assert [type(each) for each in outcomes] == [Delivered, Rejected, Rejected]
        mail = Mail(attachments=(Attachment("big.bin", b"x" * 100_000, "image/png"),))
        (delivery,) = deliveries(["a@example.com"], source="large", mail=mail)
        answer = await attempt(channel, [delivery])
        assert isinstance(answer.outcomes[0][0], Delivered)
        assert len(answer.notes) == 1
        await channel.close()
        assert await server.mails(["a@example.com"])
