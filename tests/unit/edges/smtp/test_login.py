"""Logging in: how, and how seldom with a wrong password."""

import asyncio
import base64
import hmac
from typing import Any

import pytest

from app.edges.smtp.connection import MailServer, connect
from app.edges.smtp.login import LoginRefusedError, log_in
from app.edges.smtp.pool import SmtpPool
from app.edges.smtp.replies import Reply, Stage
from app.edges.smtp.transaction import Envelope
from app.edges.smtp.wire import SmtpError
from tests.support.odd_smtp import Odd, OddSmtp, Talk, odd_smtp

REFUSED = "535 5.7.8 authentication failed"


def server_of(server: OddSmtp, **settings: Any) -> MailServer:
    """Return the settings of a server on loopback that wants a login."""
    login = {"username": "me", "password": "sécret", "tls": "none", "timeout": 2.0}
    return MailServer("127.0.0.1", server.port, "f@example.com", **{**login, **settings})


def encoded(text: str) -> str:
    """Return base64."""
    return base64.b64encode(text.encode()).decode()


def answering(**answers: str) -> Odd:
    """Return a server's ways: what it says to AUTH and to what follows, by the line's beginning."""

    def odd(_: Talk, command: str) -> str | None:
        if command.startswith("AUTH"):
            return answers.get(command.split()[1].replace("-", "_"), REFUSED)
        return answers.get("others") if command.isidentifier() or command.endswith("=") else None

    return odd


async def logins(server: OddSmtp) -> list[str]:
    """Log in once and return what the server heard of it."""
    session = await connect(server_of(server))
    try:
        await log_in(session, "me", "sécret")
    finally:
        await session.quit()
    return [command for command in server.talks[-1].heard if command[:4] not in {"EHLO", "QUIT"}]


async def test_plain() -> None:
    """User and password in one line."""
    async with odd_smtp(answering(PLAIN="235 ok"), offers=("AUTH LOGIN PLAIN",)) as server:
        assert await logins(server) == ["AUTH PLAIN " + encoded("\0me\0sécret")]


async def test_login() -> None:
    """User and password one after the other."""

    def odd(talk: Talk, _: str) -> str | None:
        said = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"]
        return said[len(talk.heard) - 2] if len(talk.heard) in {2, 3, 4} else None

    async with odd_smtp(odd, offers=("AUTH=LOGIN",)) as server:
        assert await logins(server) == ["AUTH LOGIN", encoded("me"), encoded("sécret")]


async def test_cram_md5_does_not_show_the_password() -> None:
    """It comes first where nothing is encrypted."""

    def odd(talk: Talk, _: str) -> str | None:
        said = [f"334 {encoded('<1@odd>')}", "235 ok"]
        return said[len(talk.heard) - 2] if len(talk.heard) in {2, 3} else None

    async with odd_smtp(odd, offers=("AUTH PLAIN CRAM-MD5",)) as server:
        digest = hmac.new("sécret".encode(), b"<1@odd>", "md5").hexdigest()
        assert await logins(server) == ["AUTH CRAM-MD5", encoded(f"me {digest}")]


async def test_a_challenge_that_makes_no_sense_is_no_login() -> None:
    """Nor is it a refusal."""
    async with odd_smtp(answering(CRAM_MD5="334 a"), offers=("AUTH CRAM-MD5",)) as server:
        with pytest.raises(SmtpError, match="makes no sense"):
            await logins(server)


async def test_a_refused_password_is_not_shown_to_the_next_mechanism() -> None:
    """Each of them would count as a login."""
    async with odd_smtp(answering(), offers=("AUTH PLAIN LOGIN CRAM-MD5",)) as server:
        with pytest.raises(LoginRefusedError, match="refused the login: 535"):
            await logins(server)
    assert len([each for each in server.talks[0].heard if each.startswith("AUTH")]) == 1


async def test_a_mechanism_that_is_offered_in_vain_is_passed_over() -> None:
    """504: the server does not know it after all."""
    ways = answering(CRAM_MD5="504 5.7.4 unrecognised", PLAIN="235 ok")
    async with odd_smtp(ways, offers=("AUTH CRAM-MD5 PLAIN",)) as server:
        assert (await logins(server))[-1].startswith("AUTH PLAIN")


@pytest.mark.parametrize("offers", [(), ("AUTH GSSAPI",)])
async def test_a_server_without_a_login_is_no_refusal(offers: tuple[str, ...]) -> None:
    """It may want TLS first, which the text says."""
    async with odd_smtp(offers=offers) as server:
        with pytest.raises(
            SmtpError, match="offers no login that this service knows without TLS"
        ) as caught:
            await logins(server)
    assert not isinstance(caught.value, LoginRefusedError)


async def test_a_temporary_failure_of_the_login_is_no_refusal() -> None:
    """454: whatever knows the passwords is away."""
    ways = answering(PLAIN="454 4.7.0 try later")
    async with odd_smtp(ways, offers=("AUTH PLAIN",)) as server:
        with pytest.raises(SmtpError, match="answered 454") as caught:
            await logins(server)
    assert not isinstance(caught.value, LoginRefusedError)


async def send(pool: SmtpPool) -> Reply:
    """Hand in a mail and return the reply."""
    mail = Envelope("f@example.com", ["a@example.com"], lambda _: [b"Subject: x\r\n\r\n"])
    (reply,) = (await pool.send(mail)).values()
    return reply


def attempts(server: OddSmtp) -> int:
    """Return how many logins the server saw."""
    return sum(each.startswith("AUTH") for talk in server.talks for each in talk.heard)


async def test_a_wrong_password_is_tried_once_however_many_mails_wait() -> None:
    """Then there is a pause, in which the server is not even connected to."""
    now = 1000.0
    async with odd_smtp(answering(), offers=("AUTH PLAIN",)) as server:
        pool = SmtpPool(server_of(server), now=lambda: now)
        replies = await asyncio.gather(*(send(pool) for _ in range(8)))
        assert {(reply.code, reply.stage) for reply in replies} == {(None, Stage.LOGIN)}
        assert "535 5.7.8" in replies[0].text
        assert attempts(server) == 1
        connections = len(server.talks)
        now = 1059.0
        assert (await send(pool)).stage is Stage.LOGIN
        assert len(server.talks) == connections
        now = 1061.0
        assert (await send(pool)).stage is Stage.LOGIN
        assert attempts(server) == 2
        server.odd = answering(PLAIN="235 ok")
        now = 1361.0
        assert (await send(pool)).good
        await pool.close()


async def test_sessions_log_in_each() -> None:
    """With the right password there is no pause."""
    async with odd_smtp(answering(PLAIN="235 ok"), offers=("AUTH PLAIN",)) as server:
        pool = SmtpPool(server_of(server))
        assert all(reply.good for reply in await asyncio.gather(*(send(pool) for _ in range(4))))
        assert attempts(server) == len(server.talks) == 4
        await pool.close()
