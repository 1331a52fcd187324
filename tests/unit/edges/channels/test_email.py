"""E-mail over real SMTP: what is sent, and one outcome for each recipient."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.edges.channels.email import EmailChannel
from app.edges.smtp.connection import MailServer
from app.values.delivery import Delivery, Destination, Target
from app.values.notification import ContentType, Field, Mail, Notification, Request
from app.values.outcome import Delivered, Outcome, Rejected, Retry
from tests.support.smtp_server import Certificates, SmtpServer, scripted_smtp, smtp_server

NOW = 1_700_000_000.0


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    """A mail server without TLS."""
    async with smtp_server() as running:
        yield running


def mail_server(port: int, **settings: Any) -> MailServer:
    """Return the settings of a server on loopback."""
    return MailServer(
        **{
            "host": "127.0.0.1",
            "port": port,
            "from_address": "Notifier <from@example.com>",
            "tls": "none",
            "timeout": 1.0,
            **settings,
        }
    )


async def send(channel: EmailChannel, *to: str, **fields: Any) -> list[Outcome]:
    """Make one attempt."""
    told = Notification(**{"content": "text", "requests": (Request("email", to),), **fields})
    targets = tuple(Target("email", one, one) for one in (*to, *told.mail.cc, *told.mail.bcc))
    destination = Destination("email", "smtp://127.0.0.1:25", "smtp://127.0.0.1:25")
    delivery = Delivery(told, destination, targets, "id-1", b"digest")
    (outcomes,) = (await channel.send([delivery])).outcomes
    return list(outcomes)


async def test_a_mail_has_text_html_and_its_headers(server: SmtpServer) -> None:
    """Subject, recipients and a stable Message-ID; Bcc is in the envelope alone."""
    channel = EmailChannel(mail_server(server.port), clock=lambda: NOW)
    mail = Mail(cc=("c@example.com",), bcc=("b@example.com",), subject="主题", html="<b>hi</b>")
    for _ in range(2):
        outcomes = await send(channel, "a@example.com", content="你好", mail=mail)
        assert [type(outcome) for outcome in outcomes] == [Delivered] * 3
    await channel.close()
    first, second = server.mails
    assert first.recipients == ("a@example.com", "c@example.com", "b@example.com")
    message = first.message
    assert message["Subject"] == "主题"
    assert message["To"] == "a@example.com"
    assert message["Cc"] == "c@example.com"
    assert message["Bcc"] is None
    assert message["From"] == "Notifier <from@example.com>"
    assert message["Message-ID"] == second.message["Message-ID"]
    assert first.part("plain").strip() == "你好"
    assert "<b>hi</b>" in first.part("html")
    assert server.connections == 1  # the connection is used again


async def test_the_subject_falls_back_and_html_content_is_readable_as_text(
    server: SmtpServer,
) -> None:
    """Without a subject the title, without that the first line; HTML has a text beside it."""
    channel = EmailChannel(mail_server(server.port))
    await send(channel, "a@example.com", title="Title")
    await send(channel, "a@example.com", content="first line\nsecond")
    html = "<p>para</p><ul><li>one</li></ul>"
    await send(
        channel,
        "a@example.com",
        content=html,
        content_type=ContentType.HTML,
        fields=(Field("k", "v"),),
    )
    await channel.close()
    assert [mail.message["Subject"] for mail in server.mails[:2]] == ["Title", "first line"]
    assert html in server.mails[2].part("html")
    assert "para" in server.mails[2].part("plain")


async def test_every_recipient_has_its_own_outcome(server: SmtpServer) -> None:
    """One is refused for good, one for now, one accepts: the mail goes to that one."""
    server.on_recipient = {
        "no@example.com": "550 no such user",
        "later@example.com": "450 busy",
    }
    channel = EmailChannel(mail_server(server.port))
    outcomes = await send(channel, "no@example.com", "yes@example.com", "later@example.com")
    await channel.close()
    assert [type(outcome) for outcome in outcomes] == [Rejected, Delivered, Retry]
    assert server.mails[0].recipients == ("yes@example.com",)


@pytest.mark.parametrize(
    ("attribute", "reply", "wanted"),
    [
        ("on_sender", "550 you may not", Rejected),
        ("on_sender", "451 not now", Retry),
        ("on_data", "554 spam", Rejected),
        ("on_data", "452 full", Retry),
    ],
)
async def test_a_refusal_of_the_whole_mail_is_everybodys(
    server: SmtpServer, attribute: str, reply: str, wanted: type
) -> None:
    """Refused before or after the text: each recipient gets that outcome."""
    setattr(server, attribute, reply)
    channel = EmailChannel(mail_server(server.port))
    outcomes = await send(channel, "a@example.com", "b@example.com")
    await channel.close()
    assert [type(outcome) for outcome in outcomes] == [wanted] * 2


async def test_a_dropped_idle_connection_is_replaced_without_a_failure(
    server: SmtpServer,
) -> None:
    """Servers close what is idle; the next mail does not notice."""
    channel = EmailChannel(mail_server(server.port))
    await send(channel, "a@example.com")
    await server.drop_connections()
    assert [type(outcome) for outcome in await send(channel, "a@example.com")] == [Delivered]
    await channel.close()
    assert len(server.mails) == 2


async def test_starttls_and_implicit_tls_with_a_login() -> None:
    """Both ways of TLS, with a login; a wrong password may be mended and is tried again."""
    certificates = Certificates()
    login = {"username": "me", "password": "secret", "tls_context": certificates.client}
    async with smtp_server({"me": "secret"}, starttls=certificates.server) as server:
        channel = EmailChannel(mail_server(server.port, tls="starttls", **login))
        assert isinstance((await send(channel, "a@example.com"))[0], Delivered)
        await channel.close()
        wrong = mail_server(server.port, tls="starttls", **{**login, "password": "wrong"})
        channel = EmailChannel(wrong)
        (refused,) = await send(channel, "a@example.com")
        assert isinstance(refused, Retry)
        assert "wrong" not in refused.error
        await channel.close()
    async with smtp_server({"me": "secret"}, implicit=certificates.server) as server:
        channel = EmailChannel(mail_server(server.port, tls="implicit", **login))
        assert isinstance((await send(channel, "a@example.com"))[0], Delivered)
        await channel.close()


@pytest.mark.parametrize("password", ["hunter", "correct horse", "pässwörd"])
async def test_a_server_that_repeats_the_login_gives_nothing_away(password: str) -> None:
    """In the clear or in base64, in the answer to the login or to anything after it."""
    login = b64encode(f"\0me\0{password}".encode())
    for replies in (
        [b"535 5.7.8 AUTH PLAIN " + login + b" is wrong\r\n"],
        [b"235 ok\r\n", b"550 what is AUTH PLAIN " + login + b"?\r\n"],
        [b"235 ok\r\n", b"250 ok\r\n", b"550 " + password.encode() + b" again?\r\n"],
        [b"235 ok\r\n", b"550-" + login + b"\r\n550 " + password.encode() + b"\r\n"],
    ):
        greeting = (b"220 hi\r\n", b"250-x\r\n250 AUTH PLAIN\r\n")
        async with scripted_smtp(*greeting, *replies) as server:
            channel = EmailChannel(mail_server(server.port, username="me", password=password))
            (outcome,) = await send(channel, "a@example.com")
            await channel.close()
        assert not isinstance(outcome, Delivered)
        assert "***" in outcome.error
        assert password not in outcome.error
        assert login.decode() not in outcome.error


@pytest.mark.parametrize(
    "replies",
    [
        (b"554 go away\r\n",),
        (b"garbage\r\n",),
        (b"",),
        (None,),
        (b"220 hi\r\n", b"250 ok\r\n", None),
        (b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b""),
    ],
)
async def test_whatever_a_server_says_is_an_outcome(replies: tuple[bytes | None, ...]) -> None:
    """Refusing greetings, garbage, silence and lost connections may pass; nothing is raised."""
    async with scripted_smtp(*replies) as server:
        channel = EmailChannel(mail_server(server.port, timeout=0.3))
        (outcome,) = await send(channel, "a@example.com")
        await channel.close()
    assert isinstance(outcome, Retry)


async def test_nobody_there_may_pass() -> None:
    """A refused connection is tried again."""
    channel = EmailChannel(mail_server(1))
    (outcome,) = await send(channel, "a@example.com")
    await channel.close()
    assert isinstance(outcome, Retry)


async def test_addresses_beyond_ascii_need_a_server_that_takes_them() -> None:
    """With SMTPUTF8 it is sent; without, that recipient is refused."""
    async with smtp_server() as server:
        channel = EmailChannel(mail_server(server.port))
        assert isinstance((await send(channel, "用户@example.com"))[0], Delivered)
        await channel.close()
    async with smtp_server(smtputf8=False) as server:
        channel = EmailChannel(mail_server(server.port))
        outcomes = await send(channel, "用户@example.com", "a@example.com")
        await channel.close()
        assert [type(outcome) for outcome in outcomes] == [Rejected, Delivered]
