"""What a stand-in remembers: every request with its answer, and every message it took."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.inbox.discord.embeds import shown_embeds
from tests.support.discord.answers import Scope
from tests.support.discord.limits import INVALID


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    at: float  # when it came, by the stand-in's clock
    path: str  # its target
    body: bytes  # as sent
    status: int | None  # of the answer; None where there was none
    scope: Scope | None = None  # of a 429, where it is Discord's own

    @property
    def invalid(self) -> bool:
        """Say whether it counts towards a ban."""
        return self.status in INVALID and self.scope != "shared"


@dataclass(frozen=True)
class Message:
    """A message that was taken."""

    id: str  # Discord's
    webhook_id: str  # whose it is
    at: float  # when, by the stand-in's clock
    sent: dict[str, Any]  # the JSON of the request

    @property
    def shown(self) -> tuple[dict[str, Any], ...]:
        """Return what a reader sees: each embed; for a text without any, ``{"content": …}``."""
        content = self.sent.get("content")
        own = ({"content": content},) if content else ()
        return own + shown_embeds(self.sent.get("embeds") or ())


class Records:
    """The requests and messages of a stand-in, oldest first."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.messages: list[Message] = []
        self._changed = threading.Condition()

    def add(self, exchange: Exchange, message: Message | None) -> None:
        """Remember a request, and the message that came of it."""
        with self._changed:
            self.exchanges.append(exchange)
            if message is not None:
                self.messages.append(message)
            self._changed.notify_all()

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Return every embed that readers see, in order: one or more for each notification."""
        return [embed for message in list(self.messages) for embed in message.shown]

    @property
    def limited(self) -> list[Exchange]:
        """Return the requests that were answered 429; a client may find a limit out by one."""
        return [each for each in list(self.exchanges) if each.status == 429]

    @property
    def invalid(self) -> list[Exchange]:
        """Return the requests that count towards a ban."""
        return [each for each in list(self.exchanges) if each.invalid]

    def wait(self, reached: Callable[[], bool], timeout: float = 10.0) -> None:
        """Block until a condition on these records holds; from another thread than the server's."""
        with self._changed:
            if not self._changed.wait_for(reached, timeout):
                raise AssertionError(
                    f"after {timeout} s: {len(self.exchanges)} requests, {len(self.shown)} embeds"
                )

    async def wait_for(self, reached: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until a condition on these records holds; from any event loop."""
        await asyncio.to_thread(self.wait, reached, timeout)
