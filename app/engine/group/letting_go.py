"""Work that is under way when partitions are revoked, or the worker stops."""

import asyncio
from collections.abc import Callable
from typing import Final

from app.engine.flow import Flow
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.transitions import put_aside
from app.engine.settlement import Settler
from app.values.clock import Clock

STEP: Final = 0.02


class LettingGo:
    """Waits for what was started, and keeps what is partly done.

    It does not wait for what Kafka refuses: that may last for ever.

    Args:
        assignment: What is under way.
        flow: Goes on with what is put aside.
        settler: Writes it.
        clock: Tells the time.
    """

    def __init__(self, assignment: Assignment, flow: Flow, settler: Settler, clock: Clock) -> None:
        self._assignment = assignment
        self._flow = flow
        self._settler = settler
        self._clock = clock

    async def until_quiet(self, timeout: float) -> bool:
        """Wait for what was started; say whether all of it ended in time."""
        return await self._until_none(lambda item: item.under_way, timeout)

    async def put_aside_partly_done(self, timeout: float) -> None:
        """Defer what is partly done, so that the next worker does not repeat what was delivered."""
        lost = self._assignment.strays()  # nobody can read them again
        for item in list(self._assignment.items()):
            keep = item.partly_done or item in lost
            if keep and not item.leaving and not item.finished:
                put_aside(item)
                self._flow.ended(item)
        await self._until_none(lambda item: item.leaving, timeout)

    async def _until_none(self, busy: Callable[[Item], bool], timeout: float) -> bool:
        deadline = self._clock.monotonic() + timeout
        while any(
            busy(item) and not self._settler.is_refused(item) for item in self._assignment.items()
        ):
            if self._clock.monotonic() >= deadline:
                return False
            await asyncio.sleep(STEP)
        return True
