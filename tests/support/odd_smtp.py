"""A mail server for tests that speaks SMTP by the book, but for what a test wants otherwise."""

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_END = b".\r\n"
OFFERS = ("PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8")


_BOOK = {
    "connect": "220 odd.example ESMTP",
    "MAIL": "250 2.1.0 OK",
    "RCPT": "250 2.1.5 OK",
    "DATA": "354 go on",
    "RSET": "250 2.0.0 OK",
    "QUIT": "221 2.0.0 bye",
    "STARTTLS": "220 2.0.0 go",
}


@dataclass(eq=False)
class Talk:
    """One session."""

    number: int  # how many there were before it
    heard: list[str] = field(default_factory=list)  # commands, without their line ends
    taken: int = 0  # mails taken in it
    sender: str | None = None  # of the transaction under way, or None
    # of the transaction under way, as far as they were accepted
    recipients: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Taken:
    """One mail."""

    talk: Talk  # the session that it came in
    sender: str
    recipients: tuple[str, ...]
    text: bytes  # as it came, dots undone


Odd = Callable[[Talk, str], str | None]
"""Told a session and a command, says what to answer; None for what is in the book.

``.`` stands for the end of a text. ``close`` closes the connection without a word, ``421…`` after
it; ``hang`` says nothing more.
"""


class OddSmtp:
    """Listens on loopback.

    Args:
        odd: What is answered otherwise.
        offers: What EHLO says.
    """

    def __init__(self, odd: Odd, offers: tuple[str, ...] = OFFERS) -> None:
        self.odd = odd
        self.offers = offers
        self.talks: list[Talk] = []
        self.taken: list[Taken] = []
        self.port = 0
        self.tls: ssl.SSLContext | None = None  # for STARTTLS, which is to be among the offers
        # waited for before a text is answered, if there is one
        self.text_taken: asyncio.Event | None = None
        self._heard: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def reached(self) -> list[str]:
        """Everybody who got a mail, in order."""
        return [recipient for mail in self.taken for recipient in mail.recipients]

    async def hears(self, command: str) -> None:
        """Wait until a command comes, or has come, in any session."""
        await self._heard[command].wait()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close_talks(self) -> None:
        """End every session, in the middle of whatever is said."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        await self.close_talks()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        talk = Talk(len(self.talks))
        self.talks.append(talk)
        try:
            await self._talk(talk, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(
        self, talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        command = "connect"
        while True:
            answer = self.odd(talk, command) or self._by_the_book(talk, command)
            going_on = await self._answer(writer, answer)
            if command == "STARTTLS" and self.tls is not None:
                await writer.start_tls(self.tls)
            if command == "DATA" and answer.startswith("354"):
                going_on = await self._text(talk, reader, writer)
            if not going_on:
                return
            line = await reader.readuntil(b"\n")
            command = line.decode().removesuffix("\r\n")
            talk.heard.append(command)
            self._heard[command].set()

    async def _text(
        self, talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        text = await _read_text(reader)
        if self.text_taken is not None:
            await self.text_taken.wait()
        verdict = self.odd(talk, ".") or "250 2.0.0 queued"
        if verdict.startswith("250"):
            talk.taken += 1
            self.taken.append(Taken(talk, talk.sender or "", tuple(talk.recipients), text))
        talk.sender, talk.recipients = None, []
        return await self._answer(writer, verdict)

    async def _answer(self, writer: asyncio.StreamWriter, answer: str) -> bool:
        """Say it; return whether the session goes on."""
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "close":
            return False
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return not answer.startswith(("221", "421"))

    def _by_the_book(self, talk: Talk, command: str) -> str:
        verb = command.partition(" ")[0]
        if verb in {"MAIL", "RSET"}:
            talk.sender, talk.recipients = _address(command) or None, []
        allowed = {"RCPT": talk.sender is not None, "DATA": bool(talk.recipients)}
        if not allowed.get(verb, True):
            return "503 5.5.1 not now"
        if verb == "RCPT":
            talk.recipients.append(_address(command))
        if verb == "EHLO":
            first, *others = ["odd.example", *self.offers]
            return "\r\n".join([f"250-{first}", *(f"250-{each}" for each in others), "250 HELP"])
        return _BOOK.get(verb, "500 5.5.1 what?")


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


async def _read_text(reader: asyncio.StreamReader) -> bytes:
    """Read to the line that is one dot; not line by line, as texts have hundreds of thousands."""
    text = bytearray()
    while text != _END and not text.endswith(b"\n" + _END):
        text += await reader.readuntil(_END)
    return re.sub(rb"^\.", b"", text.removesuffix(_END), flags=re.MULTILINE)


@asynccontextmanager
async def odd_smtp(
    odd: Odd = lambda _, __: None, *, offers: tuple[str, ...] = OFFERS
) -> AsyncIterator[OddSmtp]:
    """Run the server in this event loop."""
    server = OddSmtp(odd, offers)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
