"""Sessions, transactions and recipients, against a server that is odd in one way at a time."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.edges.smtp.connection import MailServer
from app.edges.smtp.pool import SmtpPool
from app.edges.smtp.replies import Reply, Stage
from app.edges.smtp.session import SessionRefusedError, SmtpSession
from app.edges.smtp.transaction import Envelope
from tests.support.engine import run_on_uvloop
from tests.support.odd_smtp import OFFERS, OddSmtp, Talk, odd_smtp

ONE_BY_ONE = tuple(offer for offer in OFFERS if offer != "PIPELINING")
TEXT = b"Subject: hi\r\n\r\n.dot\r\n..two\r\nplain\r\n"


def pool_of(server: OddSmtp, **settings: Any) -> SmtpPool:
    """Return a pool for a server on loopback."""
    known = {"host": "127.0.0.1", "port": server.port, "from_address": "f@example.com"}
    return SmtpPool(MailServer(**{**known, "tls": "none", "timeout": 2.0, **settings}))


def envelope(*recipients: str, text: bytes = TEXT) -> Envelope:
    """Return a mail to these."""
    return Envelope("f@example.com", recipients, lambda _: [text])


def codes(replies: dict[str, Reply]) -> list[int | None]:
    """Return what was answered for each recipient."""
    return [reply.code for reply in replies.values()]


async def send_each(pool: SmtpPool, count: int) -> list[int | None]:
    """Hand in so many mails, one after the other."""
    found = []
    for number in range(count):
        found += codes(await pool.send(envelope(f"r{number}@example.com")))
    return found


def recipients(count: int) -> list[str]:
    """Return so many addresses."""
    return [f"r{number}@example.com" for number in range(count)]


@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE, ()])
async def test_a_mail_arrives_as_it_was_written(offers: tuple[str, ...]) -> None:
    """With dots that lines begin with, whatever the server offers."""
    async with odd_smtp(offers=offers) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope("a@example.com", "b@example.com"))) == [250, 250]
        await pool.close()
    (mail,) = server.taken
    assert (mail.sender, mail.recipients) == ("f@example.com", ("a@example.com", "b@example.com"))
    assert mail.text == TEXT
    assert server.talks[0].heard[-1] == "QUIT"


def test_a_mail_arrives_on_the_loop_that_the_service_runs_on() -> None:
    """Its transports are of no class of asyncio's."""

    async def main() -> None:
        async with odd_smtp() as server:
            pool = pool_of(server)
            assert codes(await pool.send(envelope("a@example.com"))) == [250]
            await pool.close()

    run_on_uvloop(main())


async def test_commands_go_together_to_a_server_that_takes_them_so() -> None:
    """One round trip for sender, recipients and DATA."""
    async with odd_smtp() as server:
        pool = pool_of(server)
        await pool.send(envelope("a@example.com", "b@example.com"))
        await pool.close()
    assert server.talks[0].heard[1:5] == [
        f"MAIL FROM:<f@example.com> SIZE={len(TEXT)}",
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "DATA",
    ]


QUOTA = [
    "452 4.5.3 Too many messages sent",
    "454 4.7.0 later",
    "421 4.7.0 bye",
    "550 enough",
    "close",
]


@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
@pytest.mark.parametrize("said", QUOTA)
@pytest.mark.parametrize("quota", [1, 2])
async def test_a_session_that_is_used_up_is_replaced_at_once(
    said: str, quota: int, offers: tuple[str, ...]
) -> None:
    """Every mail is taken at its first attempt, whatever the quota of a session."""

    def odd(talk: Talk, command: str) -> str | None:
        return said if command.startswith("MAIL") and talk.taken >= quota else None

    async with odd_smtp(odd, offers=offers) as server:
        pool = pool_of(server)
        assert await send_each(pool, 5) == [250] * 5
        await pool.close()
    assert [mail.recipients for mail in server.taken] == [(each,) for each in recipients(5)]
    assert [talk.taken for talk in server.talks] == ([1] * 5 if quota == 1 else [2, 2, 1])


@pytest.mark.parametrize(
    "said", ["451 4.5.3 Too many recipients", "450 4.7.1 slow down", "421 bye"]
)
@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
async def test_a_session_that_takes_no_more_recipients_is_replaced(
    said: str, offers: tuple[str, ...]
) -> None:
    """Some servers count recipients over the session."""

    def odd(talk: Talk, command: str) -> str | None:
        return said if command.startswith("RCPT") and talk.taken >= 2 else None

    async with odd_smtp(odd, offers=offers) as server:
        pool = pool_of(server)
        assert await send_each(pool, 4) == [250] * 4
        await pool.close()
    assert [talk.taken for talk in server.talks] == [2, 2]


async def test_a_session_that_takes_no_more_texts_is_replaced() -> None:
    """Refused before the text, nothing was taken."""

    def odd(talk: Talk, command: str) -> str | None:
        return "451 not here" if command == "DATA" and talk.taken >= 1 else None

    async with odd_smtp(odd) as server:
        pool = pool_of(server)
        assert await send_each(pool, 2) == [250] * 2
        await pool.close()
    assert server.reached == recipients(2)


@pytest.mark.parametrize("said", [*QUOTA[:2], "550 you may not"])
@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
async def test_what_a_new_session_refuses_is_the_answer(said: str, offers: tuple[str, ...]) -> None:
    """Nobody is asked again and again."""
    async with odd_smtp(lambda _, it: said if it[:4] == "MAIL" else None, offers=offers) as server:
        pool = pool_of(server)
        replies = await pool.send(envelope("a@example.com", "b@example.com"))
        assert codes(replies) == [int(said[:3])] * 2
        assert {reply.stage for reply in replies.values()} == {Stage.SENDER}
        await pool.close()
    assert len(server.talks) == 1


async def test_a_server_that_is_about_to_close_says_so() -> None:
    """421 to a new session is no answer about the mail."""
    async with odd_smtp(
        lambda _, it: "421 4.3.2 shutting down" if it[:4] == "MAIL" else None
    ) as server:
        pool = pool_of(server)
        reply = (await pool.send(envelope("a@example.com")))["a@example.com"]
        assert reply.code is None
        assert "421 4.3.2 shutting down" in reply.text
        await pool.close()
    assert len(server.talks) == 1


@pytest.mark.parametrize(
    "said", ["552 5.5.3 x", "452 4.5.3 x", "552 too many recipients", "451 4.5.3 x"]
)
@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
async def test_too_many_recipients_are_taken_in_several_transactions(
    said: str, offers: tuple[str, ...]
) -> None:
    """Everybody gets the mail once; how many the server takes is remembered for the next one."""

    def odd(talk: Talk, command: str) -> str | None:
        return said if command.startswith("RCPT") and len(talk.recipients) >= 3 else None

    async with odd_smtp(odd, offers=offers) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope(*recipients(8)))) == [250] * 8
        assert [mail.recipients for mail in server.taken] == [
            tuple(recipients(8)[start : start + 3]) for start in (0, 3, 6)
        ]
        heard = len(server.talks[0].heard)
        assert codes(await pool.send(envelope(*recipients(4)))) == [250] * 4
        # Two transactions without a refused recipient: MAIL, three or one RCPT, DATA.
        assert len(server.talks[0].heard) == heard + 5 + 3
        await pool.close()
    assert len(server.talks) == 1


async def test_a_full_mailbox_is_no_limit_for_the_next_mail() -> None:
    """452 says either; alone in a transaction it is about the recipient, who is tried later."""

    def odd(_: Talk, command: str) -> str | None:
        return "452 insufficient storage" if "<r1@" in command else None

    async with odd_smtp(odd) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope(*recipients(4)))) == [250, 452, 250, 250]
        assert [mail.recipients for mail in server.taken] == [
            ("r0@example.com", "r2@example.com", "r3@example.com")
        ]
        await pool.send(envelope(*recipients(1), "x@example.com"))
        assert len(server.taken[-1].recipients) == 2
        await pool.close()


async def test_more_recipients_than_a_server_must_take_are_never_named_at_once() -> None:
    """A hundred a transaction, as RFC 5321 has every server take them."""
    async with odd_smtp() as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope(*recipients(250)))) == [250] * 250
        await pool.close()
    assert [len(mail.recipients) for mail in server.taken] == [100, 100, 50]


@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
async def test_every_recipient_has_its_own_answer(offers: tuple[str, ...]) -> None:
    """Full mailboxes and unknown users are no reason to ask again."""
    said = {"r1@": "550 5.1.1 no such user", "r2@": "452 4.2.2 mailbox full", "r4@": "450 busy"}

    def odd(_: Talk, command: str) -> str | None:
        return next((said[each] for each in said if f"<{each}" in command), None)

    async with odd_smtp(odd, offers=offers) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope(*recipients(5)))) == [250, 550, 452, 250, 450]
        assert await send_each(pool, 1) == [250]
        await pool.close()
    assert server.taken[0].recipients == ("r0@example.com", "r3@example.com")
    assert len(server.talks) == 1


@pytest.mark.parametrize("offers", [OFFERS, ONE_BY_ONE])
async def test_nobody_accepted_leaves_the_session_fit_for_the_next_mail(
    offers: tuple[str, ...],
) -> None:
    """The transaction is ended before another begins."""

    def odd(_: Talk, command: str) -> str | None:
        return "550 5.1.1 no such user" if "<no@" in command else None

    async with odd_smtp(odd, offers=offers) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope("no@example.com"))) == [550]
        assert await send_each(pool, 1) == [250]
        await pool.close()
    assert len(server.talks) == 1
    assert "RSET" in server.talks[0].heard


async def test_a_text_that_is_for_nobody_is_not_sent() -> None:
    """A server that waits for one although it took no recipient is left alone."""

    def odd(_: Talk, command: str) -> str | None:
        if command.startswith("RCPT"):
            return "550 5.1.1 no such user"
        return "354 go on" if command == "DATA" else None

    async with odd_smtp(odd) as server:
        pool = pool_of(server)
        assert codes(await pool.send(envelope("a@example.com"))) == [550]
        await pool.close()
    assert server.taken == []


@pytest.mark.parametrize(
    ("said", "code"), [("554 5.7.1 spam", 554), ("452 4.3.1 full", 452), ("close", None)]
)
async def test_the_answer_to_the_text_is_everybodys(said: str, code: int | None) -> None:
    """Of those who were accepted; and it is never sent a second time at once."""
    async with odd_smtp(lambda _, command: said if command == "." else None) as server:
        pool = pool_of(server)
        assert await send_each(pool, 2) == [code] * 2
        await pool.close()


async def test_a_slow_answer_to_the_text_is_waited_for() -> None:
    """For longer than any other: whoever gives up there sends twice."""
    async with odd_smtp() as server:
        server.text_taken = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, server.text_taken.set)
        pool = pool_of(server, timeout=0.1)
        assert await send_each(pool, 1) == [250]
        await pool.close()


async def test_a_mail_that_is_too_large_is_not_even_begun() -> None:
    """The server said what it takes."""
    async with odd_smtp(offers=("SIZE 20",)) as server:
        pool = pool_of(server)
        replies = await pool.send(envelope("a@example.com"))
        assert codes(replies) == [552]
        assert f"has {len(TEXT)} bytes" in replies["a@example.com"].text
        await pool.close()
    assert not any(command.startswith("MAIL") for command in server.talks[0].heard)


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE x"])
async def test_a_size_that_names_no_limit_is_none(size: str) -> None:
    """RFC 1870: none, or zero."""
    async with odd_smtp(offers=(size,)) as server:
        pool = pool_of(server)
        assert await send_each(pool, 1) == [250]
        await pool.close()


@pytest.mark.parametrize(("offers", "wanted"), [(OFFERS, [250, 250]), (("8BITMIME",), [250, 553])])
async def test_addresses_beyond_ascii_need_a_server_that_takes_them(
    offers: tuple[str, ...], wanted: list[int]
) -> None:
    """Where it does not, that recipient fails alone."""
    composed: list[bool] = []

    def compose(utf8: bool) -> Sequence[bytes]:
        composed.append(utf8)
        return [TEXT]

    async with odd_smtp(offers=offers) as server:
        pool = pool_of(server)
        mail = Envelope("f@example.com", ["a@example.com", "用户@example.com"], compose)
        replies = await pool.send(mail)
        assert codes(replies) == wanted
        await pool.close()
    (command,) = [each for each in server.talks[0].heard if each.startswith("MAIL")]
    if wanted[1] == 250:
        assert command.endswith(" BODY=8BITMIME SMTPUTF8")
        assert composed == [True]
    else:
        assert "SMTPUTF8" not in command
        assert "用户@example.com needs" in replies["用户@example.com"].text
        assert server.reached == ["a@example.com"]


async def test_no_more_sessions_are_opened_than_the_server_takes() -> None:
    """Whoever finds the door shut waits for a session that somebody else needs no more."""
    open_now: set[int] = set()

    def odd(talk: Talk, command: str) -> str | None:
        if command == "connect" and len(open_now) >= 2:
            return "421 4.7.0 too many connections from 127.0.0.1"
        open_now.add(talk.number)
        return None

    async with odd_smtp(odd) as server:
        pool = pool_of(server)
        mails = [pool.send(envelope(each)) for each in recipients(8)]
        replies = await asyncio.gather(*mails)
        assert [code for each in replies for code in codes(each)] == [250] * 8
        await pool.close()
    assert sorted(server.reached) == sorted(recipients(8))


async def test_who_finds_the_door_shut_takes_a_session_that_was_given_back_meanwhile() -> None:
    """Nobody is busy with one any more, and none is being opened: there is one all the same."""
    shut, asked = asyncio.Event(), asyncio.Event()

    class Doors(SmtpPool):
        async def _open(self) -> SmtpSession:
            if asked.is_set():
                return await super()._open()
            asked.set()
            await shut.wait()
            raise SessionRefusedError("the mail server answered 421 4.7.0 too many connections")

    async with odd_smtp(lambda *_: None) as server:
        pool = Doors(MailServer("127.0.0.1", server.port, "f@example.com", "none", timeout=2.0))
        late = asyncio.create_task(pool.send(envelope("late@example.com")))
        await asked.wait()
        assert codes(await pool.send(envelope("early@example.com"))) == [250]
        shut.set()
        assert codes(await late) == [250]
        await pool.close()


async def test_a_server_that_takes_nobody_is_said_at_once() -> None:
    """There is no session to wait for."""
    async with odd_smtp(lambda _, it: "421 4.3.2 not now" if it == "connect" else None) as server:
        pool = pool_of(server)
        reply = (await pool.send(envelope("a@example.com")))["a@example.com"]
        assert (reply.code, reply.text) == (None, "the mail server answered 421 4.3.2 not now")
        await pool.close()


async def test_what_a_server_says_unasked_ends_the_session() -> None:
    """It would be taken for the answer to the next command."""
    async with odd_smtp() as server:
        pool = pool_of(server)
        await send_each(pool, 1)
        (session,) = pool._idle
        session.wire.data_received(b"421 4.4.2 idle for too long\r\n")
        assert await send_each(pool, 1) == [250]
        await pool.close()
    assert len(server.talks) == 2


async def test_a_session_that_is_not_used_is_closed_politely() -> None:
    """After a while."""
    async with odd_smtp() as server:
        pool = SmtpPool(
            MailServer("127.0.0.1", server.port, "f@example.com", tls="none"), idle_seconds=0.0
        )
        await send_each(pool, 1)
        await server.hears("QUIT")
        assert pool.idle == 0


async def test_a_mail_that_is_cancelled_ends_its_session() -> None:
    """A conversation cannot be taken up again in the middle."""
    async with odd_smtp(lambda _, it: "hang" if it == "DATA" else None) as server:
        pool = pool_of(server)
        sending = asyncio.create_task(pool.send(envelope("a@example.com")))
        await server.hears("DATA")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert pool.idle == 0
        server.odd = lambda _, __: None
        assert await send_each(pool, 1) == [250]
        await pool.close()
    assert len(server.talks) == 2
