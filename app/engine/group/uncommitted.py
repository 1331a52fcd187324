"""What was settled since the last commit."""

import asyncio
from typing import Final

MANY: Final = 500
"""Settlements after which a commit is due at once."""


class Uncommitted:
    """Counts settlements, and wakes the committer if there are many."""

    def __init__(self) -> None:
        self._count = 0
        self._many = asyncio.Event()

    def settled(self) -> None:
        """Count one."""
        self._count += 1
        if self._count >= MANY:
            self._many.set()

    async def are_many(self, patience: float) -> None:
        """Wait until there are many, or for so many seconds; then count from zero."""
        try:
            async with asyncio.timeout(patience):
                await self._many.wait()
        except TimeoutError:
            pass
        self._many.clear()
        self._count = 0
