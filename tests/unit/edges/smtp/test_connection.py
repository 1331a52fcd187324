"""Connecting: names, TLS, and servers that do not go on."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.edges.lookups import Lookups
from app.edges.smtp.connection import MailServer, connect
from app.edges.smtp.helo import full_name
from app.edges.smtp.wire import SmtpError
from tests.support.odd_smtp import OddSmtp, Talk, odd_smtp
from tests.support.smtp_server import Certificates, scripted_smtp, smtp_server


def server_of(port: int, **settings: Any) -> MailServer:
    """Return the settings of a server on loopback."""
    return MailServer(
        "127.0.0.1", port, "f@example.com", **{"tls": "none", "timeout": 2.0, **settings}
    )


async def name_said(server: OddSmtp, own_name: str | None, helo_name: str | None = None) -> str:
    """Return what the service introduces itself as."""
    session = await connect(server_of(server.port, helo_name=helo_name), own_name)
    await session.quit()
    return server.talks[-1].heard[0]


async def test_the_service_says_who_it_is() -> None:
    """The setting, else the machine's full name, else the address that it connects from."""
    async with odd_smtp() as server:
        assert await name_said(server, "vm.example", "n.example.com") == "EHLO n.example.com"
        assert await name_said(server, "vm.example") == "EHLO vm.example"
        assert await name_said(server, None) == "EHLO [127.0.0.1]"


@pytest.mark.parametrize(
    ("name", "canonical", "full"),
    [
        ("Worker-1.Example.COM", "", "worker-1.example.com"),
        ("bücher.example", "", "xn--bcher-kva.example"),
        ("vm", "vm.example.com", "vm.example.com"),
        ("vm", "vm", None),
        ("vm", "", None),
        ("localhost", "localhost.localdomain", None),
        ("localhost", "localhost", None),
        ("under_score.example", "under_score.example", None),
        ("-x.example", "-x.example", None),
        ("192.0.2.1", "192.0.2.1", None),
        ("no.such name", "", None),
        ("", "", None),
    ],
)
async def test_a_full_name_is_one_that_servers_take(
    name: str, canonical: str, full: str | None
) -> None:
    """Letters, digits and hyphens, and a domain that is not this machine's own."""

    async def look_up(asked: str) -> str:
        assert asked == name
        if not canonical:
            raise socket.gaierror
        return canonical

    assert await full_name(name, look_up) == full


async def test_this_machines_own_name_is_known_at_once() -> None:
    """Whatever it is."""
    name = await full_name()
    assert name is None or "." in name


@pytest.mark.parametrize("said", ["500 5.5.1 what?", "502 not implemented"])
async def test_a_server_that_knows_no_ehlo_is_told_helo(said: str) -> None:
    """It offers nothing then."""

    def odd(_: Talk, command: str) -> str | None:
        return {"EHLO": said, "HELO": "250 odd.example"}.get(command.partition(" ")[0])

    async with odd_smtp(odd) as server:
        session = await connect(server_of(server.port))
        assert session.offers == {}
        await session.quit()


@pytest.mark.parametrize(
    ("replies", "text"),
    [
        ((b"554 go away\r\n",), "the mail server answered 554 go away"),
        ((b"220 hi\r\n", b"550 who?\r\n"), "the mail server answered 550 who?"),
        ((b"220 hi\r\n", b"500 what?\r\n", b"500 what?\r\n"), "the mail server answered 500 what?"),
        ((b"garbage\r\n",), "the mail server's answer makes no sense"),
        ((b"220-" + b"x" * 100_000,), "the mail server's answer makes no sense"),
        ((b"",), "the connection to the mail server was lost"),
        ((b"220 hi\r\n", b""), "the connection to the mail server was lost"),
        ((None,), "the mail server did not answer within 0.2 s"),
    ],
)
async def test_a_server_that_does_not_go_on_says_why(
    replies: tuple[bytes | None, ...], text: str
) -> None:
    """Refusal, garbage, silence, or a lost connection."""
    async with scripted_smtp(*replies) as server:
        with pytest.raises(SmtpError) as caught:
            await connect(server_of(server.port, timeout=0.2))
    assert str(caught.value) == text


async def test_nobody_there() -> None:
    """With the system's reason."""
    with pytest.raises(SmtpError, match="cannot connect to the mail server: "):
        await connect(server_of(1))


async def test_tls_that_was_asked_for_is_never_done_without() -> None:
    """A server that offers none gets no mail and no password."""
    certificates = Certificates()
    async with odd_smtp() as server:
        wanted = server_of(server.port, tls="starttls", tls_context=certificates.client)
        with pytest.raises(SmtpError, match="offers no STARTTLS"):
            await connect(wanted)


async def test_starttls_encrypts_what_follows() -> None:
    """And what the server offered before is asked for again."""
    certificates = Certificates()
    async with odd_smtp(offers=("STARTTLS",)) as server:
        server.tls = certificates.server
        wanted = server_of(server.port, tls="starttls", tls_context=certificates.client)
        session = await connect(wanted)
        assert session.encrypted
        await session.quit()
    assert [line.partition(" ")[0] for line in server.talks[0].heard] == [
        "EHLO",
        "STARTTLS",
        "EHLO",
        "QUIT",
    ]


async def test_a_certificate_of_somebody_else_is_refused() -> None:
    """Whatever kind of TLS."""
    theirs, ours = Certificates(), Certificates()
    async with odd_smtp(offers=("STARTTLS",)) as server:
        server.tls = theirs.server
        with pytest.raises(SmtpError, match="TLS with the mail server failed: "):
            await connect(server_of(server.port, tls="starttls", tls_context=ours.client))
    async with smtp_server(implicit=theirs.server) as implicit:
        with pytest.raises(SmtpError, match="TLS with the mail server failed: "):
            await connect(server_of(implicit.port, tls="implicit", tls_context=ours.client))


async def test_what_comes_before_tls_is_not_believed() -> None:
    """Somebody in between could have said it (RFC 3207, section 4.2)."""
    certificates = Certificates()
    injected = b"220 go\r\n250-fake\r\n250 AUTH PLAIN\r\n"
    async with scripted_smtp(b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", injected, None) as server:
        wanted = server_of(server.port, tls="starttls", tls_context=certificates.client)
        with pytest.raises(SmtpError, match="before TLS"):
            await connect(wanted)


async def test_tls_that_is_refused_is_said() -> None:
    """In the server's words."""
    certificates = Certificates()
    async with scripted_smtp(
        b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 later\r\n"
    ) as server:
        wanted = server_of(server.port, tls="starttls", tls_context=certificates.client)
        with pytest.raises(SmtpError, match="answered 454 later"):
            await connect(wanted)


async def test_a_command_with_a_line_break_is_never_sent() -> None:
    """It would be two."""
    async with odd_smtp() as server:
        session = await connect(server_of(server.port))
        with pytest.raises(ValueError, match="line break"):
            await session.commands(["NOOP\r\nRSET"], [])
        await session.quit()


async def test_a_name_server_that_hangs_holds_up_no_other_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even many of them: the event loop's own threads, for Kafka's names, stay free."""
    going_on = threading.Event()
    system = socket.getaddrinfo

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        if host == "hangs.example":
            going_on.wait()
        return system(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server = MailServer("hangs.example", 25, "a@example.com", "none", timeout=0.05)
    many = [connect(server) for _ in range(40)]
    errors = await asyncio.gather(*many, return_exceptions=True)
    assert all("did not answer within 0.05 s" in str(error) for error in errors)
    assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    going_on.set()


async def test_the_next_address_is_tried_if_one_leads_nowhere() -> None:
    """A name may have several."""
    async with odd_smtp() as server:

        class Two(Lookups):
            async def run(self, host: str, look_up: Callable[[], Any]) -> Any:
                del host, look_up
                return [
                    (socket.AF_INET, 1, 6, "", (address, server.port))
                    for address in ("127.0.0.250", "127.0.0.1")
                ]

        session = await connect(server_of(server.port), lookups=Two())
        await session.quit()
