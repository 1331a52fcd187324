"""A session with a mail server: EHLO, its extensions, commands and their replies."""

import ssl
from collections.abc import Mapping, Sequence

from app.edges.smtp.replies import Reply, Stage
from app.edges.smtp.wire import SmtpError, Wire

_QUIT_SECONDS = 2.0
_CLOSING = 421
_NOT_KNOWN = frozenset({500, 502})  # to a server that speaks only HELO


class SmtpSession:
    """Speaks SMTP over a connection.

    Args:
        wire: Connected.
        timeout: Seconds to wait for each answer.
    """

    def __init__(self, wire: Wire, timeout: float, *, encrypted: bool) -> None:
        self.wire = wire
        self.timeout = timeout
        # the extensions named after EHLO, by keyword in upper case
        self.offers: Mapping[str, str] = {}
        self.encrypted = encrypted
        self.transactions = 0

    @property
    def usable(self) -> bool:
        """Whether another mail may be begun."""
        return self.wire.usable

    @property
    def max_size(self) -> int | None:
        """The largest mail that the server says it takes, in bytes; None if it names no limit."""
        size = self.offers.get("SIZE", "")
        return int(size) or None if size.isdecimal() and size.isascii() else None

    async def welcome(self) -> None:
        """Wait for the greeting.

        Raises:
            SmtpError: The server lets nobody in.
        """
        reply = await self._reply(Stage.CONNECT)
        if not reply.good:
            raise refused(reply)

    async def greet(self, name: str) -> None:
        """Say EHLO, or HELO to a server that knows no EHLO.

        Raises:
            SmtpError: The server does not take it.
        """
        reply = await self.command(f"EHLO {name}", Stage.CONNECT)
        if reply.code in _NOT_KNOWN:
            reply = await self.command(f"HELO {name}", Stage.CONNECT)
            self.offers = {}
        else:
            self.offers = _read_offers(reply.text)
        if not reply.good:
            raise refused(reply)

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Start TLS; afterwards, ask again what the server offers.

        Raises:
            SmtpError: The server does not offer it, or the handshake failed.
        """
        if "STARTTLS" not in self.offers:
            raise SmtpError("the mail server offers no STARTTLS")
        reply = await self.command("STARTTLS", Stage.CONNECT)
        if not reply.good:
            raise refused(reply)
        await self.wire.start_tls(context, host, self.timeout)
        self.encrypted = True

    async def command(self, line: str, stage: Stage) -> Reply:
        """Send one command and return the reply.

        Raises:
            SmtpError: None came.
        """
        (reply,) = await self.commands([line], [stage])
        return reply

    async def commands(self, lines: Sequence[str], stages: Sequence[Stage]) -> list[Reply]:
        """Send several commands at once, as servers allow that offer PIPELINING.

        Args:
            lines: Without line breaks or control characters.

        Raises:
            SessionRefusedError: The server closes the connection (421).
            SmtpError: A reply is missing.
        """
        if not all(map(str.isprintable, lines)):
            raise ValueError("a command with a line break in it would be two")
        await self.wire.send(["".join(f"{line}\r\n" for line in lines).encode()], self.timeout)
        return [await self._reply(stage) for stage in stages]

    async def _reply(self, stage: Stage) -> Reply:
        reply = await self.wire.reply(stage, self.timeout)
        if reply.code == _CLOSING:
            self.wire.abort()
            raise refused(reply)
        return reply

    def leave(self) -> None:
        """Say good-bye and close without waiting for the answer."""
        self.wire.write(b"QUIT\r\n")
        self.wire.close()

    async def quit(self) -> None:
        """Send QUIT and close, whether or not the server answers."""
        try:
            await self.wire.send([b"QUIT\r\n"], _QUIT_SECONDS)
            await self.wire.reply(Stage.CONNECT, _QUIT_SECONDS)
        except SmtpError:
            pass
        finally:
            self.wire.close()


class SessionRefusedError(SmtpError):
    """The server goes no further in this session, and may do so in another.

    It takes no more connections, the quota of mails or recipients a session is used up, or the
    connection died while it waited.
    """


def refused(reply: Reply) -> SmtpError:
    """Return the error for a server that lets nobody in, now or for good."""
    text = f"the mail server answered {reply}"
    return SessionRefusedError(text) if reply.temporary else SmtpError(text)


def _read_offers(text: str) -> dict[str, str]:
    """Read the lines after EHLO's first: a keyword, and its parameters."""
    offers: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        keyword, _, values = line.replace("=", " ", 1).partition(" ")  # AUTH=… of old servers
        offers[keyword.upper()] = f"{offers.get(keyword.upper(), '')} {values}".strip()
    return offers
