"""Whether this worker may still take itself for a member of the group after it stood still."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from app.edges.kafka.consumer import SESSION_TIMEOUT
from app.engine.standstill import Rounds
from app.engine.turn import Turn
from app.values.clock import Clock

log = logging.getLogger(__name__)

DOUBT_AFTER: Final = SESSION_TIMEOUT / 2
"""Seconds of standstill after which the group may have taken this worker for dead: the coordinator
last heard of it a while before it stood still."""
LONGEST_DOUBT: Final = 40.0
"""Seconds after which requests are made all the same: longer than a request to Kafka may take, so
one that was made over a dead connection has failed, and another was tried."""
TICK: Final = 0.25


class Membership:
    """Holds requests back after a standstill, until the coordinator has answered.

    A process that was stopped, or whose machine was suspended, goes on with all that it held, and
    learns only then that others have its partitions and have delivered the same.

    Args:
        clock: Tells the time.
        turn: Makes the requests.
        unconfirmed_for: Tells the seconds since a request was sent to which the coordinator
            answered that this worker is a member.
    """

    def __init__(self, clock: Clock, turn: Turn, *, unconfirmed_for: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = turn
        self._unconfirmed_for = unconfirmed_for
        self._rounds: Rounds | None = None
        self._woke_at: float | None = None

    def is_certain(self) -> bool:
        """Say whether requests may be made; if not, the turn comes round once they may."""
        if self._rounds is not None and (stood := self._rounds.come_round()) > DOUBT_AFTER:
            self._woke_at = self._clock.monotonic()
            log.warning(
                "this process stood still for %.0f s: nothing is sent until Kafka has said that it"
                " is still in the group",
                stood,
            )
        return self._woke_at is None

    async def run(self) -> None:
        """Watch until cancelled; nobody is held back before and after."""
        self._rounds = Rounds(self._clock)
        try:
            while True:
                await asyncio.sleep(TICK)
                if not self.is_certain() and self._has_answer():
                    self._woke_at = None
                    self._turn.come_round()
        finally:
            self._rounds = self._woke_at = None

    def _has_answer(self) -> bool:
        """Say whether the coordinator has answered since then, or is not waited for any longer."""
        awake = self._clock.monotonic() - (self._woke_at or 0.0)
        return self._unconfirmed_for() < awake or awake > LONGEST_DOUBT
