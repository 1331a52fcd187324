"""The inbox as the rest of the service sees it."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

from app.inbox.behaviour import Behaviour
from app.inbox.http_server import serve_http
from app.inbox.smtp_server import serve_smtp
from app.inbox.store import CardStore
from app.policies.redaction import NO_SECRETS, Secrets
from app.values.inbox import InboxCard

SLOWNESS = 2.0


class Inbox:
    """A webhook server and a mail server on loopback, alive inside an ``async with`` block.

    Args:
        slowness: Seconds that an answer takes while the behaviour is ``slow``.
    """

    http_address: tuple[str, int]  # host and port of the webhook server, known once entered
    # host and port of the mail server (no TLS, no login), known once entered
    smtp_address: tuple[str, int]

    def __init__(
        self,
        on_card: Callable[[InboxCard], None] | None = None,
        *,
        slowness: float = SLOWNESS,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self._store = CardStore(on_card, secrets)
        self._slowness = slowness
        self._behaviour = Behaviour.OK
        self._servers = AsyncExitStack()

    async def __aenter__(self) -> Self:
        manners = (self._keep, lambda: self._behaviour, self._slowness)
        async with AsyncExitStack() as servers:
            self.http_address = await servers.enter_async_context(serve_http(*manners))
            self.smtp_address = await servers.enter_async_context(serve_smtp(*manners))
            self._servers = servers.pop_all()
        return self

    async def _keep(self, card: InboxCard) -> None:
        # Deliveries share the event loop, and a text may be long and odd.
        self._store.keep(await asyncio.to_thread(self._store.shown, card))

    async def __aexit__(self, *exc_info: object) -> None:
        await self._servers.aclose()

    @property
    def webhook_url(self) -> str:
        """A URL of Discord's form that leads here."""
        host, port = self.http_address
        return f"http://{host}:{port}/api/webhooks/1/inbox"

    def cards(self, limit: int = 50) -> tuple[InboxCard, ...]:
        """Return the messages, newest first."""
        return self._store.cards(limit)

    @property
    def behaviour(self) -> str:
        """How it answers now: ``ok``, ``slow``, ``rate_limited`` or ``error``."""
        return self._behaviour.value

    def behave(self, behaviour: str) -> None:
        """Answer that way from now on.

        Raises:
            ValueError: There is no such behaviour.
        """
        self._behaviour = Behaviour(behaviour)

    def clear(self) -> None:
        """Forget the messages."""
        self._store.clear()
