"""Mail servers for tests: a real one that records, and one that says whatever it is told to."""

import asyncio
import logging
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.arrivals import Arrivals
from tests.support.in_thread import in_thread


@dataclass(frozen=True)
class ReceivedMail:
    """One mail: the envelope as the server saw it, and the source."""

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    source: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        parsed = message_from_bytes(self.source, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        """Return the text of the ``plain`` or ``html`` part."""
        body = self.message.get_body((kind,))
        assert body is not None
        content: str = body.get_content()
        return content.replace("\r\n", "\n").strip("\n")


class SmtpServer(Arrivals[ReceivedMail]):
    """Records mails and answers as told."""

    def __init__(self, users: dict[str, str] | None = None, *, smtputf8: bool = True) -> None:
        super().__init__()
        self.on_sender: str | None = None  # reply to MAIL, or None to accept
        self.on_recipient: dict[str, str] = {}  # replies to RCPT by address; others are accepted
        self.on_data: str | None = None  # reply after DATA, or None to accept
        self.users = users or {}  # names and passwords that may log in; empty asks for no login
        self.smtputf8 = smtputf8
        self.logins: list[str] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    async def start(
        self,
        port: int = 0,
        *,
        starttls: ssl.SSLContext | None = None,
        implicit: ssl.SSLContext | None = None,
    ) -> None:
        """Listen on 127.0.0.1, in the clear, with STARTTLS required, or with TLS from the start."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        encrypted = starttls is not None or implicit is not None
        self._server = await loop.create_server(
            lambda: _Connection(self, starttls, encrypted=encrypted),
            "127.0.0.1",
            port,
            ssl=implicit,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
            await self.drop_connections()
            self._server = None

    async def drop_connections(self) -> None:
        """Close every connection without a word, as servers do with idle ones."""
        tasks = [task for connection in list(self._open) for task in connection.abort()]
        await asyncio.gather(*tasks, return_exceptions=True)

    # aiosmtpd's names for its handler's methods:

    async def handle_MAIL(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        if self.on_sender is not None:
            return self.on_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Answer RCPT TO."""
        if address in self.on_recipient:
            return self.on_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer the end of DATA."""
        if self.on_data is not None:
            return self.on_data
        mail = ReceivedMail(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            tuple(envelope.mail_options),
            envelope.original_content or b"",
        )
        self.keep(mail)
        return "250 OK queued as 1"

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, data: Any) -> AuthResult:
        """Check a login (aiosmtpd's authenticator)."""
        name, password = data.login.decode(), data.password.decode()
        self.logins.append(name)
        return AuthResult(success=self.users.get(name) == password)


class _Connection(SMTP):
    def __init__(
        self, server: SmtpServer, starttls: ssl.SSLContext | None, *, encrypted: bool
    ) -> None:
        self._owner = server
        with warnings.catch_warnings():
            # aiosmtpd only knows of TLS that it began itself, and warns of a login inside other TLS.
            warnings.simplefilter("ignore", UserWarning)
            super().__init__(
                server,
                enable_SMTPUTF8=server.smtputf8,
                hostname="mail.test",
                ident="test",
                loop=asyncio.get_running_loop(),
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=server.authenticate if server.users else None,
                auth_required=bool(server.users),
                auth_require_tls=starttls is not None or not encrypted,
            )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.session:  # a STARTTLS makes the connection a second time
            self._owner.connections += 1
        super().connection_made(transport)
        self._owner._open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner._open.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        with suppress(ConnectionError):  # the client went away
            await super()._handle_client()

    def abort(self) -> "list[asyncio.Task[None]]":
        """Close the connection without a word; return the task that served it."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        return [self._handler_coroutine] if self._handler_coroutine is not None else []


class ScriptedSmtp:
    """Says one thing for each thing it hears, first of all a greeting, then closes.

    Args:
        replies: Bytes to send, in order; ``None`` says nothing and keeps the connection open.
    """

    def __init__(self, replies: Sequence[bytes | None]) -> None:
        self.replies = replies
        self.heard: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, reply in enumerate(self.replies):
            if number:
                line = await reader.readline()
                while line and self.heard and self.heard[-1] == b"DATA\r\n" and line != b".\r\n":
                    line = await reader.readline()
                self.heard.append(line)
            if reply is None:
                await asyncio.Event().wait()
                continue
            writer.write(reply)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


class Certificates:
    """A throw-away authority, and contexts for a server on 127.0.0.1 and its clients."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issued = self.authority.issue_cert("127.0.0.1", "localhost")
        issued.configure_cert(self.server)
        # the server's key and certificates, for servers that are not Python's
        self.pem = issued.private_key_and_cert_chain_pem.bytes().decode()
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(self.client)


@asynccontextmanager
async def smtp_server(
    users: dict[str, str] | None = None,
    *,
    smtputf8: bool = True,
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
) -> AsyncIterator[SmtpServer]:
    """Run the recording server in this event loop."""
    server = SmtpServer(users, smtputf8=smtputf8)
    await server.start(starttls=starttls, implicit=implicit)
    try:
        yield server
    finally:
        await server.stop()


@contextmanager
def smtp_server_thread(prepare: Callable[[SmtpServer], None] | None = None) -> Iterator[SmtpServer]:
    """Run the recording server in a thread of its own, for tests that block."""
    server = SmtpServer()
    if prepare is not None:
        prepare(server)
    with in_thread(server):
        yield server


@asynccontextmanager
async def scripted_smtp(*replies: bytes | None) -> AsyncIterator[ScriptedSmtp]:
    """Run the scripted server in this event loop."""
    server = ScriptedSmtp(replies)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
