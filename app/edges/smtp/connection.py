"""Connecting to a mail server: TLS, EHLO, login."""

import ssl
from typing import Literal

import msgspec

from app.edges.lookups import Lookups
from app.edges.smtp.session import SmtpSession
from app.edges.smtp.wire import open_wire
from app.edges.tls import default_tls_context
from app.policies.addresses.host_names import address_literal, ascii_host
from app.policies.redaction import Secrets

Tls = Literal["starttls", "implicit", "none"]


class MailServer(msgspec.Struct, frozen=True):
    """A mail server and how to use it."""

    host: str
    port: int
    from_address: str  # the ``From`` header: an address, or a name and an address
    tls: Tls = "starttls"
    username: str | None = None
    password: str | None = None
    timeout: float = 30.0  # seconds for connecting and for each answer
    # this machine's name in EHLO; its full name, or the address that it connects from, when
    # left out
    helo_name: str | None = None
    # trusted certificates; see ``default_tls_context`` when left out
    tls_context: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        """``smtp://host:port``, the destination's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smtp://{host}:{self.port}"

    @property
    def secrets(self) -> Secrets:
        """The secrets that a server may repeat in its replies."""
        return Secrets([self.password] if self.password else [])

    def __repr__(self) -> str:
        return f"MailServer({self.address!r})"


async def connect(
    server: MailServer, own_name: str | None = None, lookups: Lookups | None = None
) -> SmtpSession:
    """Connect, start TLS and introduce this machine, as the server is set up.

    Args:
        own_name: This machine's full name, for servers whose settings give none; without one, it
            introduces itself by the address that it connects from.
        lookups: Asks for the server's addresses; of its own when left out.

    Raises:
        SmtpError: It did not work; the text says why.
    """
    host = _ascii(server.host)
    context = None
    if server.tls != "none":
        context = server.tls_context or default_tls_context()
    implicit = context if server.tls == "implicit" else None
    wire = await open_wire(host, server.port, implicit, server.timeout, lookups or Lookups())
    session = SmtpSession(wire, server.timeout, encrypted=implicit is not None)
    try:
        await session.welcome()
        name = server.helo_name or own_name or address_literal(wire.own_address)
        await session.greet(name)
        if context is not None and implicit is None:
            await session.encrypt(context, host)
            await session.greet(name)
    except BaseException:  # a cancelled conversation cannot be taken up again either
        wire.abort()
        raise
    return session


def _ascii(host: str) -> str:
    """Return a name as DNS has it; an IPv6 address stays as it is."""
    try:
        return ascii_host(host)
    except ValueError:
        return host
