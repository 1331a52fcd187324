"""A connection to a mail server: bytes out, replies in."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import cast

from app.edges.lookups import Lookups
from app.edges.smtp.replies import MAX_REPLY, MalformedReplyError, Reply, Stage, read_reply
from app.values.errors import NotifierError

_MOST_UNREAD = 16 * MAX_REPLY
"""Bytes; enough for the replies to everything that is ever sent in one go."""

_ATTEMPT_SECONDS = 5.0
"""For one address while there are others."""


class SmtpError(NotifierError):
    """The server took nothing: no connection, no TLS, no login, or no answer in time."""


class Wire(asyncio.Protocol):
    """Sends lines and reads replies, one conversation at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._lost = False
        self._awaited: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def usable(self) -> bool:
        """Whether the next command may be sent: connected, and nothing came unasked for."""
        return not self._lost and not self._received

    @property
    def own_address(self) -> str:
        """This machine's address on the connection."""
        name = self._transport.get_extra_info("sockname") if self._transport else None
        return str(name[0]) if name else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._received += data
        if len(self._received) > _MOST_UNREAD:
            self.abort()
        self._wake()

    def eof_received(self) -> None:
        """See ``asyncio.Protocol``; the connection is closed."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        del exc
        self._lost = True
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.set()

    async def reply(self, stage: Stage, seconds: float) -> Reply:
        """Wait for the next reply.

        Raises:
            SmtpError: None came; the connection is closed.
        """
        try:
            async with asyncio.timeout(seconds):
                while (reply := read_reply(self._received, stage)) is None:
                    if self._lost:
                        raise SmtpError("the connection to the mail server was lost")
                    self._awaited = asyncio.get_running_loop().create_future()
                    await self._awaited
        except TimeoutError:
            self.abort()
            raise SmtpError(f"the mail server did not answer within {seconds:g} s") from None
        except MalformedReplyError:
            self.abort()
            raise SmtpError("the mail server's answer makes no sense") from None
        return reply

    async def send(self, pieces: Iterable[bytes], seconds: float) -> None:
        """Send bytes, no faster than the server takes them.

        Args:
            pieces: Of moderate size each.
            seconds: How long to wait before each piece.

        Raises:
            SmtpError: The connection is lost, or the server takes no more.
        """
        for piece in pieces:
            try:
                async with asyncio.timeout(seconds):
                    await self._writable.wait()
            except TimeoutError:
                self.abort()
                raise SmtpError(f"the mail server took nothing for {seconds:g} s") from None
            if self._lost:
                raise SmtpError("the connection to the mail server was lost")
            self.write(piece)

    def write(self, piece: bytes) -> None:
        """Send bytes without waiting; nothing happens once the connection is lost."""
        if self._transport is not None:
            self._transport.write(piece)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Encrypt the connection.

        Raises:
            SmtpError: The handshake failed.
        """
        if self._transport is None or not self.usable:
            # Bytes from before TLS may come from somebody in between (RFC 3207, section 4.2).
            raise SmtpError("the mail server said something before TLS that nobody asked for")
        loop = asyncio.get_running_loop()
        try:
            encrypted = await loop.start_tls(
                self._transport,
                self,
                context,
                server_hostname=host,
                ssl_handshake_timeout=seconds,
            )
        except (OSError, ssl.SSLError) as error:
            self.abort()
            raise SmtpError(explain(error)) from None
        if encrypted is None:
            raise SmtpError("the connection to the mail server was lost")
        self._transport = encrypted

    def close(self) -> None:
        """Close the connection once everything is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._lost = True
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)


async def open_wire(
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    seconds: float,
    lookups: Lookups,
) -> Wire:
    """Connect to the first of a host's addresses that can be connected to.

    Args:
        context: For TLS from the start.
        lookups: Asks for the addresses. The event loop's own way has four threads (uvloop), which
            a name server that hangs would take from the connections to Kafka.

    Raises:
        SmtpError: It did not work; the text says why.
    """
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(seconds):
            found = await lookups.run(host, look_up)
            *others, last = dict.fromkeys(str(each[4][0]) for each in found)
            for address in others:
                with suppress(OSError):  # TimeoutError is one, too
                    async with asyncio.timeout(_ATTEMPT_SECONDS):
                        return await _connected(address, port, context, host)
            return await _connected(last, port, context, host)
    except TimeoutError:
        raise SmtpError(f"the mail server did not answer within {seconds:g} s") from None
    except (OSError, ssl.SSLError) as error:
        raise SmtpError(explain(error)) from None


async def _connected(address: str, port: int, context: ssl.SSLContext | None, host: str) -> Wire:
    _, wire = await asyncio.get_running_loop().create_connection(
        Wire, address, port, ssl=context, server_hostname=host if context else None
    )
    return wire


def explain(error: OSError | ssl.SSLError) -> str:
    """Say why there is no connection."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"TLS with the mail server failed: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS with the mail server failed: {error.reason or error}"
        case ConnectionAbortedError():  # what asyncio makes of a handshake that does not come
            return "TLS with the mail server failed: no handshake"
        case _:
            return f"cannot connect to the mail server: {error.strerror or error}"
