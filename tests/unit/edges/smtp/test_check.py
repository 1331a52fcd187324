"""What the doctor finds out about a mail server, without a mail."""

from typing import Any

import pytest

from app.edges.smtp.check import check_server
from app.edges.smtp.connection import MailServer
from app.edges.smtp.wire import SmtpError
from tests.support.odd_smtp import OddSmtp, Talk, odd_smtp


def server_of(server: OddSmtp, **settings: Any) -> MailServer:
    """Return the settings of a server on loopback."""
    known = {"tls": "none", "timeout": 2.0, **settings}
    return MailServer("127.0.0.1", server.port, "Notifier <f@faß.example>", **known)


async def test_sender_and_recipient_are_named_and_nothing_is_sent() -> None:
    """Then the doctor goes."""
    async with odd_smtp() as server:
        await check_server(server_of(server, helo_name="n.example"), "Jane <a@example.com>")
    assert server.talks[0].heard == [
        "EHLO n.example",
        "MAIL FROM:<f@xn--fa-hia.example>",
        "RCPT TO:<a@example.com>",
        "QUIT",
    ]
    assert server.taken == []


@pytest.mark.parametrize(
    ("verb", "said", "found"),
    [
        ("MAIL", "553 5.7.1 not yours", "takes no mail from f@faß.example: 553 5.7.1 not yours"),
        ("RCPT", "504 5.5.2 <vm>: Helo command rejected: need full", "takes no mail from this"),
        ("RCPT", "530 5.7.0 Must issue an AUTH command first", "takes no mail from this machine"),
        ("RCPT", "554 5.7.1 <f@x>: Relay access denied", "takes no mail from this machine: 554"),
        ("AUTH", "535 5.7.8 secret is wrong", "refused the login: 535 5.7.8 *** is wrong"),
    ],
)
async def test_a_server_that_takes_nothing_says_why(verb: str, said: str, found: str) -> None:
    """Whatever it is asked; what is secret is hidden."""
    login = {"username": "me", "password": "secret"} if verb == "AUTH" else {}

    def odd(_: Talk, command: str) -> str | None:
        return said if command.startswith(verb) else None

    async with odd_smtp(odd, offers=("AUTH PLAIN",)) as server:
        with pytest.raises(SmtpError) as caught:
            await check_server(server_of(server, **login), None)
    assert found.replace("faß", "xn--fa-hia") in str(caught.value)
    assert server.talks[0].heard[-1] == "QUIT"


@pytest.mark.parametrize("said", ["550 5.1.1 no such user", "450 4.2.0 greylisted", "250 ok"])
async def test_what_is_about_the_recipient_does_not_matter(said: str) -> None:
    """The sender itself is named if nobody else is known, and need not be a mailbox."""
    async with odd_smtp(lambda _, it: said if it[:4] == "RCPT" else None) as server:
        await check_server(server_of(server), None)
    assert "RCPT TO:<f@xn--fa-hia.example>" in server.talks[0].heard
