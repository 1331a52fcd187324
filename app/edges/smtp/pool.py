"""Connections that are used again."""

import asyncio
from contextlib import suppress

import aiosmtplib
from msgspec.structs import replace

from app.edges.smtp.connection import MailServer, connect, quit_politely
from app.edges.smtp.transaction import Envelope, NotBegunError, Reply, Transaction
from app.edges.tls import default_tls_context

IDLE_SECONDS = 60.0


class SmtpPool:
    """Hands mails to one server and keeps its connections for the next ones.

    There are never more connections than mails under way at once. One that has been idle for
    ``IDLE_SECONDS`` is closed; one that the server has closed meanwhile is replaced unnoticed.
    """

    def __init__(self, server: MailServer, idle_seconds: float = IDLE_SECONDS) -> None:
        if server.tls != "none" and server.tls_context is None:
            server = replace(server, tls_context=default_tls_context())  # read the files only once
        self._server = server
        self._idle_seconds = idle_seconds
        self._idle: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}

    @property
    def idle(self) -> int:
        """Connections kept for the next mail."""
        return len(self._idle)

    async def send(self, envelope: Envelope) -> list[Reply]:
        """Hand in one mail and return one reply for each recipient, in order.

        Raises:
            SmtpError: The server took nothing.
        """
        if (kept := self._take()) is not None:
            with suppress(NotBegunError):
                return await self._use(kept, envelope)
        return await self._use(await connect(self._server), envelope)

    async def close(self) -> None:
        """Say good-bye to the server on every idle connection."""
        while (connection := self._take()) is not None:
            await quit_politely(connection)

    def _take(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            connection, timer = self._idle.popitem()
            timer.cancel()
            if connection.is_connected:
                return connection
        return None

    def _keep(self, connection: aiosmtplib.SMTP) -> None:
        if connection.is_connected:
            loop = asyncio.get_running_loop()
            self._idle[connection] = loop.call_later(self._idle_seconds, self._expire, connection)

    def _expire(self, connection: aiosmtplib.SMTP) -> None:
        del self._idle[connection]
        connection.close()

    async def _use(self, connection: aiosmtplib.SMTP, envelope: Envelope) -> list[Reply]:
        try:
            replies = await Transaction(connection, envelope, self._server).run()
        except BaseException:  # a cancelled conversation cannot be taken up again either
            connection.close()
            raise
        self._keep(connection)
        return replies
