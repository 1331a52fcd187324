import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from app.inbox.behaviour import Behaviour
from app.inbox.smtp_server import MAX_MAIL, MAX_UNREAD, serve_smtp
from app.values.inbox import InboxCard
from tests.support.inbox import keeping


class Served:
    """A running server and what it kept."""

    def __init__(self, address: tuple[str, int], kept: list[InboxCard]) -> None:
        self.address = address
        self.kept = kept
        self.behaviour = Behaviour.OK

    def client(self) -> aiosmtplib.SMTP:
        """Return a client that is not connected yet."""
        host, port = self.address
        return aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, timeout=10)

    async def answer(self, sent: bytes) -> bytes:
        """Send bytes and return everything that comes back until the server is done."""
        reader, writer = await asyncio.open_connection(*self.address)
        received = b""
        async with asyncio.timeout(10):
            with contextlib.suppress(OSError):  # it may be cut off at any moment
                writer.write(sent)
                writer.write_eof()
                while data := await reader.read(65536):
                    received += data
        writer.close()
        return received


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server whose slow answers take a tenth of a second."""
    kept: list[InboxCard] = []
    async with serve_smtp(keeping(kept), lambda: holder.behaviour, 0.1) as address:
        holder = Served(address, kept)
        yield holder


def mail(text: str = "内容") -> EmailMessage:
    """Return a mail with both parts."""
    message = EmailMessage()
    message["Subject"] = "标题"
    message["From"] = "from@example.com"
    message["To"] = "to@example.com"
    message.set_content(text)
    message.add_alternative("<p>内容</p>", subtype="html")
    return message


async def test_mails_over_one_connection(served: Served) -> None:
    """A client may send mail after mail; each is kept with every recipient of its envelope."""
    async with served.client() as client:
        for _ in range(2):
            await client.send_message(mail(), recipients=["to@example.com", "bcc@example.com"])
    assert len(served.kept) == 2
    card = served.kept[0]
    assert (card.kind, card.title, card.text, card.html) == ("email", "标题", "内容", "<p>内容</p>")
    assert card.recipients == ("to@example.com", "bcc@example.com")


async def test_addresses_in_utf8(served: Served) -> None:
    """Internationalised addresses are taken."""
    message = mail()
    message.replace_header("To", "用户@example.com")
    async with served.client() as client:
        await client.send_message(message)
    assert served.kept[0].recipients == ("用户@example.com",)
    assert served.kept[0].title == "标题"


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [(Behaviour.RATE_LIMITED, "Too many messages"), (Behaviour.ERROR, "Internal error")],
)
async def test_refusals_that_pass(served: Served, behaviour: Behaviour, text: str) -> None:
    """A passing fault is 451, the mail is not kept, and the connection can be used again."""
    async with served.client() as client:
        served.behaviour = behaviour
        with pytest.raises(aiosmtplib.SMTPDataError, match=text) as caught:
            await client.send_message(mail())
        assert caught.value.code == 451
        assert served.kept == []
        served.behaviour = Behaviour.OK
        await client.send_message(mail())
    assert len(served.kept) == 1


async def test_slow(served: Served) -> None:
    """A slow answer is a yes that takes its time."""
    served.behaviour = Behaviour.SLOW
    async with served.client() as client:
        started = time.perf_counter()
        await client.send_message(mail())
        assert time.perf_counter() - started >= 0.1
    assert len(served.kept) == 1


async def test_mail_too_large(served: Served) -> None:
    """A mail above the limit is refused for good, told beforehand or not."""
    line = b"x" * 70 + b"\r\n"
    source = b"Subject: x\r\n\r\n" + line * (MAX_MAIL // len(line) + 1)
    async with served.client() as client:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as caught:
            await client.sendmail("from@example.com", ["to@example.com"], source)
        assert caught.value.code == 552
    greeting = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"
    answer = await served.answer(greeting + source + b".\r\nQUIT\r\n")
    assert b"552 Error: Too much mail data" in answer
    assert served.kept == []


async def test_mails_do_not_add_up(served: Served) -> None:
    """The limit on what is unread is for one mail, not for a connection."""
    source = bytes(mail(("x" * 900 + "\n") * 4_200))
    async with served.client() as client:
        for _ in range(MAX_UNREAD // MAX_MAIL + 2):
            await client.sendmail("from@example.com", ["to@example.com"], source)
    assert len(served.kept) == MAX_UNREAD // MAX_MAIL + 2


async def test_line_without_end(served: Served) -> None:
    """A line that never ends is cut off, wherever it stands."""
    _, writer = await asyncio.open_connection(*served.address)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 10 * MAX_UNREAD:
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536
    writer.close()
    assert MAX_UNREAD - 65536 <= sent < 10 * MAX_UNREAD
    assert await served.answer(b"EHLO x\r\nQUIT\r\n")


async def test_mail_that_cannot_be_read(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """What breaks the reader is refused for good with one line in the log, and nothing ends."""
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (number, number)
        for number in range(3_000)
    )
    async with served.client() as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as caught:
            await client.sendmail("from@example.com", ["to@example.com"], nested)
        assert caught.value.code == 554
        await client.send_message(mail())
    assert len(served.kept) == 1
    assert [record.getMessage() for record in caplog.records if record.name.startswith("app")] == [
        "the inbox could not read a mail or a command: RecursionError"
    ]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff\xfe\x00\r\n" * 50,
        b"x" * 100_000,
        b"x" * 100_000 + b"\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"EHLO x\r\nVRFY \xff\r\nMAIL FROM:<\xff@\xff>\r\nRCPT TO:<\xff@b>\r\nAUTH PLAIN x\r\n",
        b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf a mail",
        b"EHLO x\r\nSTARTTLS\r\nHELP \xff\r\nEXPN\r\nRSET x\r\nNOOP\r\nBDAT 5\r\n",
    ],
)
async def test_garbage(served: Served, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is sent, nothing is kept, no task fails unseen and the next mail is taken."""
    await served.answer(garbage)
    assert served.kept == []
    async with served.client() as client:
        await client.send_message(mail())
    assert len(served.kept) == 1
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_client_that_resets(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """A client that vanishes without reading its answers is forgotten in silence."""
    for _ in range(20):
        _, writer = await asyncio.open_connection(*served.address)
        writer.write(b"NOOP\r\n" * 1000)
        await writer.drain()
        writer.transport.abort()
    async with served.client() as client:
        await client.send_message(mail())
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_ends_at_once() -> None:
    """Neither an idle connection, a half-sent mail nor a slow answer delays the end."""
    kept: list[InboxCard] = []
    slow = asyncio.Event()

    def behave() -> Behaviour:
        slow.set()
        return Behaviour.SLOW

    async with serve_smtp(keeping(kept), behave, 600) as address:
        peers = [await asyncio.open_connection(*address) for _ in range(3)]
        half = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf"
        peers[1][1].write(half)
        peers[2][1].write(half + b"\r\n.\r\n")
        await slow.wait()
        started = time.perf_counter()
    assert time.perf_counter() - started < 1
    for reader, writer in peers:
        async with asyncio.timeout(1):
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
        writer.close()
    assert kept == []
