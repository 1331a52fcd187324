"""Mails handed to Postfix, set up as its manual advises (postconf(5), SMTPD_ACCESS_README)."""

import asyncio
from collections.abc import AsyncIterator
from email.headerregistry import AddressHeader
from pathlib import Path

import pytest
import pytest_asyncio

from app.edges.channels.email.channel import EmailChannel
from app.values.notification import Attachment, Field, Mail
from app.values.outcome import Delivered, Denied, Rejected
from tests.support.channels import attempt
from tests.support.mail_servers import RealServer, postfix
from tests.support.mailing import deliveries, mail_server, send_all
from tests.support.smtp_server import Certificates

STRICT = {
    "smtpd_helo_required": "yes",
    "smtpd_helo_restrictions": "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname",
    "smtpd_sender_restrictions": "reject_non_fqdn_sender",
    "smtpd_recipient_restrictions": "reject_non_fqdn_recipient, check_recipient_access"
    " inline:{{nobody@example.com = 550 5.1.1 User unknown}}",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_recipient_limit": "5",
    "smtpd_client_connection_count_limit": "2",
    "smtpd_client_event_limit_exceptions": "",
    "smtpd_reject_unlisted_recipient": "yes",
    "strict_rfc821_envelopes": "yes",
    "message_size_limit": "100000",
    "mailbox_size_limit": "0",
    "virtual_mailbox_limit": "0",
}
USER = ("notifier", "correct horse")


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    """What the server proves itself with."""
    return Certificates()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(unpacked: Path, certificates: Certificates) -> AsyncIterator[RealServer]:
    """One Postfix for all of this module."""
    async with postfix(unpacked, STRICT, certificates=certificates, user=USER) as running:
        yield running


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_mail_arrives_as_it_was_written(server: RealServer) -> None:
    """Names, subject, text with dots, HTML, attachment: read back from the mailbox."""
    sender = "A very long department, with comma, of the Ministry of Something <from@faß.example>"
    channel = EmailChannel(mail_server(server.port, from_address=sender))
    subject = "=?utf-8?q?x=0d=0aReply-To:_a@example.com?="
    mails = deliveries(
        ["张三，销售 <a.first@example.com>", '"john doe"@example.com'],
        cc=["user@faß.example"],
        content=".dot\n..two\n.\nFrom me\nend " + "x" * 2000,
        title=subject,
        fields=(Field("Preis", "1,50 €"),),
        mail=Mail(attachments=(Attachment("报告.csv", b"a,b\r\n.\r\n", "text/csv"),)),
    )
    outcomes = await send_all(channel, mails)
    assert [type(each) for each in outcomes] == [Delivered] * 3
    await channel.close()
    found = await server.mails(
        ["a.first@example.com", '"john doe"@example.com', "user@xn--fa-hia.example"]
    )
    (mail,) = found["a.first@example.com"]
    assert mail["Subject"] == subject
    assert mail["Reply-To"] is None
    assert mail["Return-Path"] == "<from@xn--fa-hia.example>"
    senders, to = mail["From"], mail["To"]
    assert isinstance(senders, AddressHeader)
    assert isinstance(to, AddressHeader)
    assert [each.addr_spec for each in senders.addresses] == ["from@xn--fa-hia.example"]
    assert senders.addresses[0].display_name == sender.partition(" <")[0]
    assert [each.addr_spec for each in to.addresses] == [
        "a.first@example.com",
        '"john doe"@example.com',
    ]
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith(".dot\n..two\n.\nFrom me\nend x")
    assert "Preis: 1,50 €" in text
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "报告.csv"
    assert attached.get_payload(decode=True) == b"a,b\r\n.\r\n"
    assert mail.get_body(("html",)) is not None


async def test_addresses_beyond_ascii_arrive(server: RealServer) -> None:
    """Postfix offers SMTPUTF8."""
    channel = EmailChannel(mail_server(server.port))
    (outcome,) = await send_all(channel, deliveries(["用户@example.com"], source="utf8"))
    await channel.close()
    assert isinstance(outcome, Delivered)


async def test_a_helo_name_that_is_not_full_is_no_word_about_the_mail(server: RealServer) -> None:
    """It is refused for the recipient, and kept for later; the service's own choice is taken."""
    channel = EmailChannel(mail_server(server.port, helo_name="vm"))
    (outcome,) = await send_all(channel, deliveries(["a@example.com"], source="helo"))
    await channel.close()
    assert isinstance(outcome, Denied)
    assert "Helo command rejected" in outcome.error
    channel = EmailChannel(mail_server(server.port))
    (outcome,) = await send_all(channel, deliveries(["a@example.com"], source="helo"))
    await channel.close()
    assert isinstance(outcome, Delivered)


async def test_where_mail_is_not_relayed_the_service_is_not_let_in(server: RealServer) -> None:
    """The recipient elsewhere is kept for later, the one here gets the mail."""
    channel = EmailChannel(mail_server(server.port))
    outcomes = await send_all(channel, deliveries(["a@example.com", "b@elsewhere.example"]))
    await channel.close()
    assert [type(each) for each in outcomes] == [Delivered, Denied]


async def test_a_bad_recipient_fails_alone(server: RealServer) -> None:
    """For good, and the others get their mail."""
    channel = EmailChannel(mail_server(server.port))
    outcomes = await send_all(channel, deliveries(["a@example.com", "nobody@example.com"]))
    await channel.close()
    assert [type(each) for each in outcomes] == [Delivered, Rejected]


async def test_too_many_recipients_all_get_it_once(server: RealServer) -> None:
    """Thirteen, where five at a time are taken; all of them see each other."""
    channel = EmailChannel(mail_server(server.port))
    to = [f"many{number}@example.com" for number in range(13)]
    outcomes = await send_all(channel, deliveries(to, source="many"))
    await channel.close()
    assert [type(each) for each in outcomes] == [Delivered] * 13
    mails = [mail for each in (await server.mails(to)).values() for mail in each]
    assert len(mails) == 13
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert all(str(mail["To"]).count("@") == 13 for mail in mails)


async def test_a_group_does_not_see_its_addresses(server: RealServer) -> None:
    """A mail for each, with nobody else in it."""
    channel = EmailChannel(mail_server(server.port))
    to = ["g1@example.com", "g2@example.com"]
    outcomes = await send_all(channel, deliveries(to, group="group 'x'", source="group"))
    await channel.close()
    assert [type(each) for each in outcomes] == [Delivered] * 2
    mails = await server.mails(to)
    assert {recipient: [str(mail["To"]) for mail in each] for recipient, each in mails.items()} == {
        recipient: [recipient] for recipient in to
    }


async def test_a_mail_that_is_too_large_goes_without_its_attachments(server: RealServer) -> None:
    """Postfix takes 100,000 bytes here."""
    channel = EmailChannel(mail_server(server.port))
    mail = Mail(attachments=(Attachment("big.bin", b"x" * 200_000, "application/octet-stream"),))
    (delivery,) = deliveries(["large@example.com"], source="large", mail=mail)
    answer = await attempt(channel, [delivery])
    await channel.close()
    assert isinstance(answer.outcomes[0][0], Delivered)
    assert len(answer.notes) == 1


async def test_mails_at_once_find_sessions_enough(server: RealServer) -> None:
    """Two at a time are taken from one client; nobody is told to go away for good."""
    channel = EmailChannel(mail_server(server.port))
    mails = [deliveries([f"c{number}@example.com"], source=f"c{number}") for number in range(8)]
    outcomes = await asyncio.gather(*(send_all(channel, each) for each in mails))
    await channel.close()
    assert [type(outcome) for each in outcomes for outcome in each] == [Delivered] * 8


async def test_a_login_over_starttls(server: RealServer, certificates: Certificates) -> None:
    """With it mail is relayed; a wrong password is tried once, and keeps the mail for later."""
    settings = {"tls": "starttls", "tls_context": certificates.client, "username": USER[0]}
    wrong = EmailChannel(mail_server(server.port, **settings, password="wrong"))
    mails = [deliveries([f"w{number}@example.com"], source=f"w{number}") for number in range(3)]
    outcomes = await asyncio.gather(*(send_all(wrong, each) for each in mails))
    await wrong.close()
    denials = [outcome for each in outcomes for outcome in each]
    assert all(isinstance(each, Denied) and each.certain for each in denials)
    log = (server.root / "var/log/postfix.log").read_text(encoding="utf-8")
    assert log.count("SASL PLAIN authentication failed") == 1
    channel = EmailChannel(mail_server(server.port, **settings, password=USER[1]))
    (outcome,) = await send_all(channel, deliveries(["a@example.com"], source="login"))
    await channel.close()
    assert isinstance(outcome, Delivered)
