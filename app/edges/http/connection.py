"""One connection to a destination: one request at a time; unrequested bytes close it."""

import asyncio
import math
import select
from typing import Protocol, cast

from app.edges.http.answers import AnswerReader
from app.edges.http.port import HttpAnswer, HttpConnectionError, HttpProtocolError, Then
from app.edges.http.request import Origin

IDLE_SECONDS = 15.0
_PIECE_BYTES = 64 * 1024
_TICK_SECONDS = 0.001  # of uvloop's clock
_LOST = "the connection was lost before an answer came"


class UnansweredError(HttpConnectionError):
    """The connection was lost before a single byte of the answer came."""


class Owner(Protocol):
    """The pool, as a connection sees it."""

    def keep(self, connection: "Connection") -> None:
        """Take a connection that can carry another request."""
        ...

    def drop(self, connection: "Connection") -> None:
        """Forget a connection that was closed."""
        ...


class Connection(asyncio.Protocol):
    """Carries one request at a time.

    A request that ends early (the destination closes, resets, sends something other than HTTP, is
    too slow) ends in ``close``: the answer counts if its status has come; otherwise the request has
    failed. A connection is kept for another request only if ``AnswerReader.reusable`` says so.

    Each connection has one timer. It is replaced only by an earlier one; if it fires before the
    current deadline, it is set to that. So most requests do not touch it.

    Args:
        origin: Whom it is with.
        owner: Is told when it can be used again, and when it cannot be used any more.
        idle_seconds: How long it waits for another request.

    Attributes:
        origin: Whom it is with.
        lost: Done as soon as the event loop has let go of it.
    """

    def __init__(self, origin: Origin, owner: Owner, idle_seconds: float = IDLE_SECONDS) -> None:
        self.origin = origin
        self._owner = owner
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._reader = AnswerReader()
        self._open = False
        self._reason: Exception = UnansweredError(_LOST)
        self._then: Then | None = None
        self._unsent = memoryview(b"")
        self._paused = False
        self._due = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf

    def send(self, request: bytes, deadline: float, then: Then) -> None:
        """Send a request; one at a time.

        Args:
            request: All of it.
            deadline: The event loop's time at which to stop waiting.
            then: Called once, later: with the answer; with ``UnansweredError`` if the connection
                was lost before a byte of it came; with another ``HttpError`` if no usable answer
                came, or ``TimeoutError`` if none did until the deadline.

        Raises:
            HttpError: The connection cannot be used any more; why.
        """
        if not self._open:
            raise self._reason
        self._then = then
        self._wait_until(deadline)
        if len(request) <= _PIECE_BYTES:
            self._transport.write(request)
        else:
            self._unsent = memoryview(request)
            self._send_on()

    def forget(self, then: Then) -> None:
        """Close the connection if it still carries the request with this callback."""
        if self._then == then:  # else it may carry another request by now
            self._then = None
            self.close()

    def is_quiet(self) -> bool:
        """Say whether nothing waits to be read: neither unrequested bytes nor the end."""
        return self._open and not self._unread(0)

    def close(self, reason: Exception | None = None) -> None:
        """Close the connection.

        Args:
            reason: Why the request under way fails, unless its status has come; when left out, the
                connection was lost.
        """
        reason = reason or (HttpConnectionError if self._reader.started else UnansweredError)(_LOST)
        if self._open:
            self._open = False
            self._reason = reason
            self._owner.drop(self)
            self._transport.abort()
        then, self._then = self._then, None
        if then is not None:
            then(self._reader.answer() if self._reader.status else reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (called by the event loop)."""
        self._transport = cast(asyncio.Transport, transport)
        poll = select.poll()
        poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._unread = poll.poll
        self._open = True

    def data_received(self, data: bytes) -> None:
        """Read an answer (called by the event loop)."""
        then, reader = self._then, self._reader
        if then is None:
            self.close(HttpProtocolError("the destination answered before it was asked"))
            return
        if data == reader.known and not reader.begun and self._all_sent():
            self._hand_on(reader.known_answer, then)
            return
        try:
            is_whole = reader.feed(data)
        except HttpProtocolError as error:
            self.close(error)
            return
        if is_whole:
            self._settle(data, then)

    def eof_received(self) -> None:
        """Notice that the destination sends no more (called by the event loop)."""
        self.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Notice that there is no connection any more (called by the event loop)."""
        self.close()
        if self._alarm is not None:
            self._alarm.cancel()
        self.lost.set_result(None)

    def pause_writing(self) -> None:
        """Send no more of a large request for now (called by the event loop)."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send more of a large request (called by the event loop)."""
        self._paused = False
        self._send_on()

    def _send_on(self) -> None:
        while self._unsent and self._open and not self._paused:
            piece, self._unsent = self._unsent[:_PIECE_BYTES], self._unsent[_PIECE_BYTES:]
            self._transport.write(piece)

    def _all_sent(self) -> bool:
        return not self._unsent and not self._transport.get_write_buffer_size()

    def _settle(self, last: bytes, then: Then) -> None:
        reader = self._reader
        if not (reader.reusable and self._all_sent()):
            self.close()
            return
        answer = reader.answer()
        reader.remember(last, answer)
        reader.begin()
        self._hand_on(answer, then)

    def _hand_on(self, answer: HttpAnswer, then: Then) -> None:
        """Prepare for another request, then call back with this one's answer."""
        self._then = None
        self._wait_until(self._loop.time() + self._idle_seconds)
        self._owner.keep(self)
        then(answer)

    def _wait_until(self, due: float) -> None:
        self._due = due
        if due < self._alarm_at:
            self._set_alarm(due)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._loop.call_at(at, self._on_alarm)

    def _on_alarm(self) -> None:
        now = self._loop.time()
        if now < self._due:
            self._set_alarm(max(self._due, now + _TICK_SECONDS))
        else:
            self.close(TimeoutError())
