"""Slows down the guessing of API keys, in headers and at the sign-in alike."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from app.policies.service.guessing import DELAY, MOST, Guesses

log = logging.getLogger(__name__)


class WrongKeys:
    """Answers those who guess later, and says so in the log.

    Args:
        now: Seconds that never jump.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._guesses = Guesses()
        self._now = now
        self._sleep = sleep

    async def came_from(self, address: str | None) -> None:
        """Count a wrong key, and return when it may be answered.

        Args:
            address: The peer's, or None for a Unix socket.
        """
        verdict = self._guesses.add(address, self._now())
        if verdict.is_news:
            log.warning(
                "%d wrong API keys from %s within a minute: each further one is answered after"
                " %g s; somebody may be guessing, or a program has an old key",
                MOST,
                verdict.source,
                DELAY,
            )
        if verdict.delay:
            await self._sleep(verdict.delay)
