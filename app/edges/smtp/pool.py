"""A pool of sessions with one mail server."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from msgspec.structs import replace

from app.edges.lookups import Lookups
from app.edges.smtp.connection import MailServer, connect
from app.edges.smtp.helo import full_name
from app.edges.smtp.login import LoginRefusedError, log_in
from app.edges.smtp.replies import Reply, Stage
from app.edges.smtp.session import SessionRefusedError, SmtpSession
from app.edges.smtp.transaction import Envelope, Transaction
from app.edges.smtp.wire import SmtpError
from app.edges.tls import default_tls_context
from app.policies.limits.login_pauses import LoginPauses

IDLE_SECONDS = 60.0
MOST_RECIPIENTS = 100
"""Recipients of one transaction; every server takes that many (RFC 5321, section 4.5.3.1.8)."""


class SmtpPool:
    """Hands mails to one server and keeps its sessions for the next ones.

    There are never more sessions than mails under way at once, and no more than the server takes.
    One that has been idle for a while is closed; one that the server has closed meanwhile, or wants
    nothing more in, is replaced unnoticed.

    Args:
        now: Tells monotonic seconds.
    """

    def __init__(
        self,
        server: MailServer,
        idle_seconds: float = IDLE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if server.tls != "none" and server.tls_context is None:
            server = replace(server, tls_context=default_tls_context())  # read the files only once
        self._server = server
        self._idle_seconds = idle_seconds
        self._now = now
        self._idle: dict[SmtpSession, asyncio.TimerHandle] = {}
        self._lookups = Lookups()
        self._name: str | None = None
        self._named = False
        self._busy = 0
        self._opening = 0
        self._waiting: deque[asyncio.Future[SmtpSession | None]] = deque()
        self._logging_in = asyncio.Lock()
        self._pauses = LoginPauses()
        self._most_recipients = MOST_RECIPIENTS

    @property
    def idle(self) -> int:
        """Sessions kept for the next mail."""
        return len(self._idle)

    async def send(self, envelope: Envelope) -> dict[str, Reply]:
        """Hand in one mail, in as many transactions as it takes; return each recipient's reply."""
        replies: dict[str, Reply] = {}
        left = deque(envelope.recipients)
        session: SmtpSession | None = None
        try:
            while left:
                if session is None or not session.usable:
                    self._give_back(session)
                    session = None
                    session = await self._next_session()
                try:
                    await self._transact(session, envelope, left, replies)
                except SessionRefusedError:
                    session.wire.abort()  # and once more, in the next one
        except SmtpError as error:
            replies.update(dict.fromkeys(left, _reply(error)))
        except BaseException:  # a cancelled conversation cannot be taken up again
            if session is not None:
                session.wire.abort()
            raise
        finally:
            self._give_back(session)
        return {recipient: replies[recipient] for recipient in envelope.recipients}

    def forget_refusals(self) -> None:
        """Let the next login be tried at once."""
        self._pauses.forget()

    async def close(self) -> None:
        """Say good-bye to the server in every idle session."""
        sessions = []
        while (session := self._take()) is not None:
            sessions.append(session)
        await asyncio.gather(*(session.quit() for session in sessions))

    async def _transact(
        self,
        session: SmtpSession,
        envelope: Envelope,
        left: deque[str],
        replies: dict[str, Reply],
    ) -> None:
        """Hand in the mail to as many of those left as one transaction takes."""
        group = list(islice(left, self._most_recipients))
        handed = await Transaction(session, envelope, group).run()
        for _ in group:
            left.popleft()
        left.extendleft(reversed(handed.again))
        replies.update(handed.replies)
        if handed.most is not None:
            self._most_recipients = handed.most

    async def _next_session(self) -> SmtpSession:
        """Return a session that is kept, else a new one.

        If the server takes no more than there are, wait for one of those.

        Raises:
            SmtpError: There is none to be had.
        """
        session = self._take()
        while session is None:
            self._opening += 1
            try:
                session = await self._open()
            except BaseException as error:
                self._opening -= 1
                if isinstance(error, SessionRefusedError):
                    session = self._take()  # given back while this one was refused
                    if session is not None:
                        continue
                alone = not (self._busy or self._opening)
                if alone:
                    self._pass_on(None)
                if alone or not isinstance(error, SessionRefusedError):
                    raise
                session = await self._freed(error)
            else:
                self._opening -= 1
        self._busy += 1
        return session

    async def _freed(self, error: SessionRefusedError) -> SmtpSession | None:
        """Wait until somebody else needs a session no more; None if it is worth trying again."""
        freed: asyncio.Future[SmtpSession | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(freed)
        try:
            async with asyncio.timeout(self._server.timeout):
                return await freed
        except (TimeoutError, asyncio.CancelledError) as end:
            if freed.done() and not freed.cancelled():  # it came at the very same moment
                self._pass_on(freed.result())
            if isinstance(end, TimeoutError):
                raise error from None
            raise

    async def _open(self) -> SmtpSession:
        self._check_pause()
        session = await connect(self._server, await self._own_name(), self._lookups)
        try:
            await self._log_in(session)
        except BaseException:
            session.wire.abort()
            raise
        return session

    async def _own_name(self) -> str | None:
        if self._server.helo_name is None and not self._named:
            self._name, self._named = await full_name(), True
        return self._name

    async def _log_in(self, session: SmtpSession) -> None:
        """Log in, one after the other: only the first is to learn that the password is wrong."""
        username = self._server.username
        if username is None:
            return
        async with self._logging_in:
            self._check_pause()
            try:
                await log_in(session, username, self._server.password or "")
            except LoginRefusedError as error:
                self._pauses.refused(str(error), self._now())
                raise
            self._pauses.forget()

    def _check_pause(self) -> None:
        if self._pauses.wait(self._now()) > 0:
            raise LoginRefusedError(self._pauses.said)

    def _take(self) -> SmtpSession | None:
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            if session.usable:
                return session
            session.wire.abort()
        return None

    def _give_back(self, session: SmtpSession | None) -> None:
        if session is None:
            return
        self._busy -= 1
        if session.usable:
            self._pass_on(session)
        else:
            session.wire.abort()
            self._pass_on(None)

    def _pass_on(self, session: SmtpSession | None) -> None:
        """Give a session to the mail that has waited longest, or keep it."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(session)
                return
        if session is not None:
            loop = asyncio.get_running_loop()
            self._idle[session] = loop.call_later(self._idle_seconds, self._expire, session)

    def _expire(self, session: SmtpSession) -> None:
        del self._idle[session]
        session.leave()


def _reply(error: SmtpError) -> Reply:
    """Return an error as the reply that it stands for."""
    stage = Stage.LOGIN if isinstance(error, LoginRefusedError) else Stage.CONNECT
    return Reply(None, str(error), stage)
