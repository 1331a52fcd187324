import socket
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from app.faces.ports import InboxPort
from app.inbox.inbox import Inbox
from app.values.inbox import InboxCard
from tests.support.http_client import TRUSTING_NOBODY


async def send_webhook(inbox: Inbox) -> httpx.Response:
    """Send a message to the inbox's own webhook URL."""
    async with httpx.AsyncClient(trust_env=False, verify=TRUSTING_NOBODY) as client:
        return await client.post(inbox.webhook_url, json={"content": "hello"})


async def send_mail(inbox: Inbox) -> None:
    """Send a mail to the inbox's own mail server."""
    message = EmailMessage()
    message["Subject"] = "hello"
    message.set_content("text")
    host, port = inbox.smtp_address
    await aiosmtplib.send(
        message,
        sender="from@example.com",
        recipients=["to@example.com"],
        hostname=host,
        port=port,
        start_tls=False,
    )


async def test_webhooks_and_mails() -> None:
    """Both servers fill the same list, newest first, and tell whoever listens."""
    heard: list[InboxCard] = []
    async with Inbox(on_card=heard.append) as inbox:
        port: InboxPort = inbox
        assert (await send_webhook(inbox)).status_code == 204
        await send_mail(inbox)
        assert [card.kind for card in port.cards()] == ["email", "discord"]
        assert [card.kind for card in port.cards(1)] == ["email"]
        assert [card.kind for card in heard] == ["discord", "email"]
        port.clear()
        assert port.cards() == ()


async def test_addresses() -> None:
    """Both servers are on loopback, and the webhook URL has Discord's form."""
    async with Inbox() as inbox:
        host, port = inbox.http_address
        assert inbox.webhook_url == f"http://127.0.0.1:{port}/api/webhooks/1/inbox"
        assert host == inbox.smtp_address[0] == "127.0.0.1"


async def test_behaviour() -> None:
    """Both servers answer as they are told, until they are told otherwise."""
    async with Inbox() as inbox:
        assert inbox.behaviour == "ok"
        inbox.behave("error")
        assert inbox.behaviour == "error"
        assert (await send_webhook(inbox)).status_code == 500
        with pytest.raises(aiosmtplib.SMTPDataError):
            await send_mail(inbox)
        inbox.behave("ok")
        assert (await send_webhook(inbox)).status_code == 204
        await send_mail(inbox)
        assert len(inbox.cards()) == 2


async def test_unknown_behaviour() -> None:
    """A behaviour that it does not know changes nothing."""
    inbox = Inbox()
    with pytest.raises(ValueError, match="polite"):
        inbox.behave("polite")
    assert inbox.behaviour == "ok"


async def test_gone_when_left() -> None:
    """Both ports are closed afterwards; what came in can still be read."""
    async with Inbox() as inbox:
        await send_mail(inbox)
    for address in (inbox.http_address, inbox.smtp_address):
        with socket.socket() as probe:
            assert probe.connect_ex(address) != 0
    assert len(inbox.cards()) == 1
