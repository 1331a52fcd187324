"""The inbox's mail server."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.inbox.behaviour import Behaviour
from app.inbox.mail import read_mail
from app.values.inbox import InboxCard

MAX_MAIL = 4 * 1024 * 1024
LINES_AT_ONCE = 500
MAX_UNREAD = 2 * MAX_MAIL

Connections = dict[asyncio.Task[None], asyncio.WriteTransport]

log = logging.getLogger(__name__)


class _Mailbox:
    """aiosmtpd's handler; its method names are aiosmtpd's."""

    def __init__(
        self,
        keep: Callable[[InboxCard], Awaitable[None]],
        behaviour: Callable[[], Behaviour],
        slowness: float,
    ) -> None:
        self._keep = keep
        self._behaviour = behaviour
        self._slowness = slowness

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, connection: "_Connection", _session: Session, envelope: Envelope
    ) -> str:
        connection.unread = 0
        match self._behaviour():
            case Behaviour.RATE_LIMITED:
                return "451 4.7.1 Too many messages, try again later"
            case Behaviour.ERROR:
                return "451 4.3.0 Internal error, try again later"
            case Behaviour.SLOW:
                await asyncio.sleep(self._slowness)
            case Behaviour.OK:
                pass
        source, sender = envelope.original_content or b"", envelope.mail_from or ""
        # A mail of megabytes takes a while to be read, and deliveries share the event loop.
        await self._keep(await asyncio.to_thread(read_mail, source, sender, envelope.rcpt_tos))
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        log.warning("the inbox could not read a mail or a command: %s", type(error).__name__)
        return "554 5.6.0 This cannot be read"


class _Connection(SMTP):
    """One client."""

    def __init__(self, mailbox: _Mailbox, connections: Connections) -> None:
        super().__init__(
            mailbox,
            data_size_limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            hostname="inbox.localhost",  # else aiosmtpd asks the resolver, and waits for it
            ident="notifier inbox",
            loop=asyncio.get_running_loop(),
        )
        self.unread = 0  # Bytes since the last mail. aiosmtpd bounds mails, but no single line.
        self._lines = 0
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._read = self._reader.readuntil
        self._reader.readuntil = self._read_in_turns  # type: ignore[method-assign, assignment]
        task = cast("asyncio.Task[None]", self._handler_coroutine)
        self._connections[task] = self._writer.transport
        task.add_done_callback(self._connections.pop)

    async def _read_in_turns(self, separator: bytes = b"\n") -> bytes:
        """Read a line; now and then let others run: aiosmtpd reads all that has come in one go."""
        self._lines += 1
        if self._lines % LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
        return await self._read(separator)

    def data_received(self, data: bytes) -> None:
        self.unread += len(data)
        if self.unread > MAX_UNREAD:
            self._writer.transport.abort()
        else:
            super().data_received(data)

    async def _handle_client(self) -> None:
        # A client that goes away is no fault; asyncio would report a task that failed unseen.
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()


@contextlib.asynccontextmanager
async def serve_smtp(
    keep: Callable[[InboxCard], Awaitable[None]],
    behaviour: Callable[[], Behaviour],
    slowness: float,
) -> AsyncIterator[tuple[str, int]]:
    """Take mails on a free loopback port and yield the address."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs every command
    mailbox = _Mailbox(keep, behaviour, slowness)
    connections: Connections = {}
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(mailbox, connections), "127.0.0.1", 0
    )
    try:
        host, port = server.sockets[0].getsockname()
        yield host, port
    finally:
        server.close()
        await asyncio.sleep(0)  # connections that were just accepted are made
        for transport in connections.values():
            transport.abort()
        await asyncio.gather(*connections, return_exceptions=True)
