"""Connecting to a mail server: TLS, login, and what went wrong."""

import socket
import ssl
from contextlib import suppress
from typing import Literal

import aiosmtplib
import msgspec

from app.edges.tls import default_tls_context
from app.policies.redaction import scrub
from app.values.errors import NotifierError

_QUIT_SECONDS = 2.0

Tls = Literal["starttls", "implicit", "none"]


class MailServer(msgspec.Struct, frozen=True):
    """Where mail is handed in.

    Attributes:
        from_address: The ``From`` header: an address, or a name and an address.
        timeout: Seconds for connecting and for each answer.
        tls_context: Trusted certificates; see ``default_tls_context`` when left out.
    """

    host: str
    port: int
    from_address: str
    tls: Tls = "starttls"
    username: str | None = None
    password: str | None = None
    timeout: float = 30.0
    tls_context: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        """``smtp://host:port``, the destination's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smtp://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"MailServer({self.address!r})"


class SmtpError(NotifierError):
    """The server took nothing: no connection, no TLS, no login, or no answer in time."""


async def check_login(server: MailServer) -> None:
    """Connect, log in and go, as the doctor does.

    Raises:
        SmtpError: It did not work; the text says why.
    """
    connection = await connect(server)
    await quit_politely(connection)


async def connect(server: MailServer) -> aiosmtplib.SMTP:
    """Connect, start TLS and log in, as the server is set up.

    Raises:
        SmtpError: It did not work; the text says why.
    """
    encrypted = server.tls != "none"
    connection = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        local_hostname=_own_name(),
        timeout=server.timeout,
        use_tls=server.tls == "implicit",
        start_tls=server.tls == "starttls",
        tls_context=server.tls_context or (default_tls_context() if encrypted else None),
    )
    try:
        await connection.connect()
        if connection.is_ehlo_or_helo_needed:
            await connection.ehlo()
    except Exception as error:  # noqa: BLE001 -- the server may answer anything at all
        connection.close()
        raise SmtpError(describe(error, server)) from None
    return connection


async def quit_politely(connection: aiosmtplib.SMTP) -> None:
    """Say good-bye and close, whatever the server says."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await connection.quit(timeout=_QUIT_SECONDS)
    connection.close()


def describe(error: Exception, server: MailServer) -> str:
    """Say what happened, without secrets."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            text = f"the mail server refused the login: {error.code} {error.message}"
        case aiosmtplib.SMTPResponseException():
            text = f"the mail server answered {error.code} {error.message}"
        case TimeoutError():
            text = f"the mail server did not answer within {server.timeout:g} s"
        case aiosmtplib.SMTPServerDisconnected():
            text = "the connection to the mail server was lost"
        case ssl.SSLError():
            text = f"TLS with the mail server failed: {error}"
        case aiosmtplib.SMTPException() | OSError():
            text = str(error)
        case _:
            text = f"the mail server's answer makes no sense ({type(error).__name__})"
    return scrub(text, [server.password] if server.password else [])


def _own_name() -> str:
    """Return what to say EHLO with; asking the resolver for more could take minutes."""
    name = socket.gethostname()
    return name if name.isascii() and name and not any(map(str.isspace, name)) else "localhost"
