"""E-mail over real SMTP: what is sent, and one outcome for each recipient."""

import asyncio
import gc
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.edges.channels.email.channel import EmailChannel
from app.edges.smtp.connection import MailServer
from app.values.delivery import Delivery, Destination, Heading, Target
from app.values.notification import Attachment, ContentType, Field, Mail, Notification, Request
from app.values.outcome import Answer, Delivered, Denied, Outcome, Rejected, Retry
from tests.support.channels import attempt
from tests.support.odd_smtp import Talk, odd_smtp
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
    return list((await answer_to(channel, *to, **fields)).outcomes[0])


def remembers_one(channel: EmailChannel) -> bool:
    """Return whether a heavy mail's body is kept for its next delivery."""
    return channel._bodies._latest is not None


async def answer_to(channel: EmailChannel, *to: str, **fields: Any) -> Answer:
    """Make one attempt."""
    told = Notification(**{"content": "text", "requests": (Request("email", to),), **fields})
    targets = tuple(Target("email", one, one) for one in (*to, *told.mail.cc, *told.mail.bcc))
    destination = Destination("email", "smtp://127.0.0.1:25", "smtp://127.0.0.1:25")
    heading = Heading(to, told.mail.cc)
    return await attempt(
        channel, [Delivery(told, destination, targets, "id-1", b"d" * 32, heading)]
    )


async def test_a_mail_has_text_html_and_its_headers(server: SmtpServer) -> None:
    """Subject, recipients and a stable Message-ID; Bcc is in the envelope alone."""
    channel = EmailChannel(mail_server(server.port), clock=lambda: NOW)
    mail = Mail(cc=("c@example.com",), bcc=("b@example.com",), subject="主题", html="<b>hi</b>")
    for _ in range(2):
        outcomes = await send(channel, "a@example.com", content="你好", mail=mail)
        assert [type(outcome) for outcome in outcomes] == [Delivered] * 3
    await channel.close()
    first, second = server.received
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
    assert [mail.message["Subject"] for mail in server.received[:2]] == ["Title", "first line"]
    assert html in server.received[2].part("html")
    assert "para" in server.received[2].part("plain")


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
    assert server.received[0].recipients == ("yes@example.com",)


@pytest.mark.parametrize(
    ("attribute", "reply", "wanted"),
    [
        ("on_sender", "550 you may not", Denied),
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
    assert len(server.received) == 2


async def test_starttls_and_implicit_tls_with_a_login() -> None:
    """Both ways of TLS, with a login."""
    certificates = Certificates()
    login = {"username": "me", "password": "secret", "tls_context": certificates.client}
    async with smtp_server({"me": "secret"}, starttls=certificates.server) as server:
        channel = EmailChannel(mail_server(server.port, tls="starttls", **login))
        assert isinstance((await send(channel, "a@example.com"))[0], Delivered)
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
    assert server.received[0].message["To"] == "用户@example.com"
    async with smtp_server(smtputf8=False) as server:
        channel = EmailChannel(mail_server(server.port))
        outcomes = await send(channel, "用户@example.com", "a@example.com")
        await channel.close()
        assert [type(outcome) for outcome in outcomes] == [Rejected, Delivered]
    assert server.received[0].message["To"] == "a@example.com"


async def test_a_senders_domain_beyond_ascii_is_ascii_everywhere(server: SmtpServer) -> None:
    """In the envelope, in From and in the Message-ID, by IDNA 2008."""
    sender = "Straße, Nord <alerts@faß.example>"
    channel = EmailChannel(mail_server(server.port, from_address=sender))
    assert isinstance((await send(channel, "user@xn--fa-hia.example"))[0], Delivered)
    await channel.close()
    (mail,) = server.received
    assert mail.sender == "alerts@xn--fa-hia.example"
    assert mail.options == (f"SIZE={len(mail.source)}",)
    (address,) = mail.message["From"].addresses
    assert (address.display_name, address.addr_spec) == ("Straße, Nord", mail.sender)
    assert mail.message["Message-ID"].endswith("@xn--fa-hia.example>")


async def test_who_is_kept_apart_gets_a_mail_of_their_own(server: SmtpServer) -> None:
    """To themselves, each with an id of its own that stays the same."""
    channel = EmailChannel(mail_server(server.port))
    told = Notification("text", (Request("email"),))
    targets = tuple(Target("email", one, one) for one in ("a@example.com", "b@example.com"))
    destination = Destination("email", "smtp://127.0.0.1:25", "smtp://127.0.0.1:25")
    heading = Heading(cc=("c@example.com",), names={"b@example.com": "Bob"}, apart=True)
    delivery = Delivery(told, destination, targets, "id-1", b"d" * 32, heading)
    for _ in range(2):
        (outcomes,) = (await attempt(channel, [delivery])).outcomes
        assert [type(outcome) for outcome in outcomes] == [Delivered] * 2
    await channel.close()
    assert [mail.recipients for mail in server.received] == [
        ("a@example.com",),
        ("b@example.com",),
    ] * 2
    assert [mail.message["To"] for mail in server.received[:2]] == [
        "a@example.com",
        "Bob <b@example.com>",
    ]
    assert {mail.message["Cc"] for mail in server.received} == {"c@example.com"}
    first, second, again, _ = (mail.message["Message-ID"] for mail in server.received)
    assert first == again
    assert first != second


CSV = Attachment("r.csv", b"a,b\n" * 1000, "text/csv")


async def test_attachments_are_left_out_rather_than_the_mail() -> None:
    """A server that takes no mail so large gets it without them, and a note says so."""
    async with odd_smtp(offers=("SIZE 2000",)) as server:
        channel = EmailChannel(mail_server(server.port))
        answer = await answer_to(channel, "a@example.com", mail=Mail(attachments=(CSV,)))
        await channel.close()
    assert [type(outcome) for outcome in answer.outcomes[0]] == [Delivered]
    assert [note.field for (note,) in answer.notes] == ["kwargs.attachments"]
    assert b"not attached, because" in server.taken[0].text


async def test_a_server_may_say_only_at_the_end_that_a_mail_is_too_large() -> None:
    """Then the same; and what is too large by itself is refused."""

    def odd(_: Talk, command: str) -> str | None:
        return "552 5.3.4 too big" if command == "." and not odd_server.taken else None

    async with odd_smtp() as odd_server:
        odd_server.odd = odd
        channel = EmailChannel(mail_server(odd_server.port))
        (outcome,) = await send(channel, "a@example.com")
        assert isinstance(outcome, Rejected)
        asked: list[str] = []

        def once(_: Talk, command: str) -> str | None:
            if command != "." or asked:
                return None
            asked.append(command)
            return "552 5.3.4 too big"

        odd_server.odd = once
        answer = await answer_to(channel, "a@example.com", mail=Mail(attachments=(CSV,)))
        assert isinstance(answer.outcomes[0][0], Delivered)
        assert len(answer.notes) == 1
        await channel.close()


async def test_a_heavy_mail_is_composed_once_and_beside_the_event_loop(server: SmtpServer) -> None:
    """However many deliveries it is; and it is forgotten with its notification."""
    channel = EmailChannel(mail_server(server.port, timeout=10.0))
    file = Attachment("f", b"x" * 2_000_000, "application/octet-stream")
    told = Notification("text", (Request("email"),), mail=Mail(attachments=(file,)))
    destination = Destination("email", "smtp://127.0.0.1:25", "smtp://127.0.0.1:25")
    deliveries = [
        Delivery(told, destination, (Target("email", to, to),), "id-1", b"d" * 32, Heading((to,)))
        for to in ("a@example.com", "b@example.com")
    ]
    answers = await asyncio.gather(*(attempt(channel, [each]) for each in deliveries))
    assert all(isinstance(answer.outcomes[0][0], Delivered) for answer in answers)
    assert remembers_one(channel)
    del told, deliveries, answers
    gc.collect()
    assert not remembers_one(channel)
    await channel.close()


async def test_a_refused_login_is_no_reason_to_give_a_mail_up() -> None:
    """It waits for the next login, which somebody may ask for; the password is in no text."""
    said = "535 5.7.8 no: " + b64encode(b"\0me\0secret").decode() + " secret"
    ways = {"AUTH": said}
    async with odd_smtp(lambda _, it: ways.get(it[:4]), offers=("AUTH PLAIN",)) as server:
        channel = EmailChannel(mail_server(server.port, username="me", password="secret"))
        (outcome,) = await send(channel, "a@example.com")
        ways["AUTH"] = "235 ok"
        assert isinstance((await send(channel, "a@example.com"))[0], Denied)
        channel.ask_again()
        assert isinstance((await send(channel, "a@example.com"))[0], Delivered)
        await channel.close()
    assert isinstance(outcome, Denied)
    assert outcome.certain
    assert outcome.error.startswith(
        "the mail server refused the login: 535 5.7.8 no: *** *** (check NOTIFIER_EMAIL__USERNAME"
    )
