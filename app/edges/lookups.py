"""Name lookups that nobody can take all the threads of."""

import asyncio
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from app.policies.addresses.domains import registered_domain

MOST = 512
"""Lookups under way at once. Each has a thread, and one that hangs keeps it for as long."""
MOST_UNKNOWN = 448
"""Of these, for domains of which no name has resolved yet: those that are known keep the rest."""
MOST_OF_A_DOMAIN = 8
PATIENCE = 5.0
"""Seconds that a lookup waits for others of its domain, or of all domains, to end."""
_REMEMBERED = 10_000

T = TypeVar("T")


class Lookups:
    """Asks the system's resolver, which blocks, beside the event loop.

    A name server that hangs does so for many seconds, and a thread that waits for it cannot be
    stopped. So each lookup has a thread of its own that nobody else waits for, not even the end of
    the process; one domain has few of them at once, and those whose names nobody has heard of
    cannot take them all. A lookup that its caller has given up counts until its thread ends.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}
        self._total = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    @property
    def under_way(self) -> int:
        """Threads that are asking now."""
        return self._total

    async def run(self, host: str, look_up: Callable[[], T]) -> T:
        """Run a blocking lookup in a thread.

        Args:
            host: Whose share it takes.
            look_up: Asks; its errors are raised here.

        Raises:
            OSError: Too many others of the domain, or of all, are under way and do not end.
        """
        domain = registered_domain(host)
        await self._wait_for_turn(domain)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def tell(result: T | None, error: BaseException | None) -> None:
            self._end(domain, resolved=error is None)
            if answer.done():  # its caller has given up
                return
            if error is None:
                answer.set_result(result)  # type: ignore[arg-type]  # None only if T is
            else:
                answer.set_exception(error)

        def ask() -> None:
            result, error = None, None
            try:
                result = look_up()
            except BaseException as caught:  # noqa: BLE001 - it is raised where it is awaited
                error = caught
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits any more
                loop.call_soon_threadsafe(tell, result, error)

        try:
            threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
        except RuntimeError:
            self._end(domain, resolved=False)
            raise OSError(socket.EAI_AGAIN, "this machine has no thread left to ask") from None
        return await answer

    async def _wait_for_turn(self, domain: str) -> None:
        if domain not in self._waiting and self._may_go(domain):
            self._begin(domain)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(domain, deque()).append(turn)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._end(domain, resolved=False)  # its turn came just as it gave up
            else:
                self._withdraw(domain, turn)
            if isinstance(error, TimeoutError):
                raise OSError(
                    socket.EAI_AGAIN, "too many lookups of its domain hang already"
                ) from None
            raise

    def _may_go(self, domain: str) -> bool:
        most = MOST if domain in self._known else MOST_UNKNOWN
        return self._total < most and self._under_way.get(domain, 0) < MOST_OF_A_DOMAIN

    def _begin(self, domain: str) -> None:
        self._under_way[domain] = self._under_way.get(domain, 0) + 1
        self._total += 1

    def _end(self, domain: str, *, resolved: bool) -> None:
        self._total -= 1
        self._under_way[domain] -= 1
        if not self._under_way[domain]:
            del self._under_way[domain]
        if resolved:
            self._known[domain] = None
            self._known.move_to_end(domain)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._let_go()

    def _let_go(self) -> None:
        """Let those go that may now, of the domains that have waited longest first."""
        for domain in list(self._waiting):
            turns = self._waiting[domain]
            while turns and self._may_go(domain):
                self._begin(domain)
                turns.popleft().set_result(None)
            if not turns:
                del self._waiting[domain]

    def _withdraw(self, domain: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(domain)
        if turns is not None:
            turns.remove(turn)
            if not turns:
                del self._waiting[domain]
