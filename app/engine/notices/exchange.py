"""Exchanges reports between the group's workers, so that one can notify the operator for all."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final

from app.edges.kafka.producer import Producer
from app.engine.control.board import Board
from app.policies.books.notices import (
    ToldByName,
    report_entry,
    report_taken_back,
    told_entry,
)
from app.policies.books.saved_commits import Entry
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.notice import Key, Report, Told

log = logging.getLogger(__name__)

INTERVAL: Final = 10.0
"""Seconds between two reports of the same."""
PATIENCE: Final = 5.0
"""Seconds that it may take to know all that the others have written."""


class Exchange:
    """Reports and sent notices, in the control topic. What cannot be written is written later."""

    def __init__(
        self, board: Board, producer: Producer, topic: str, group_id: str, clock: Clock
    ) -> None:
        self._board = board
        self._producer = producer
        self._topic = topic
        self._group_id = group_id
        self._clock = clock
        self._reported: tuple[frozenset[Key], tuple[str, ...]] = (frozenset(), ())
        self._reported_at = float("-inf")

    async def report(self, seen: Report) -> None:
        """Write what this worker sees, if that is news, or for the others to know it is alive."""
        news = frozenset(matter.key for matter in seen.matters), seen.fine
        is_due = self._clock.monotonic() - self._reported_at >= INTERVAL
        if news == self._reported and not (is_due and any(news)):
            return
        if await self._write(report_entry(self._group_id, seen)):
            self._reported, self._reported_at = news, self._clock.monotonic()

    async def write_told(self, told: Mapping[str, Iterable[Told]]) -> bool:
        """Write what each address was told, by its name; return whether that is acknowledged."""
        return await self._write(told_entry(self._group_id, told))

    async def told(self) -> ToldByName | None:
        """Return what each address was told last, by whomever; None if that is not known now."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._board.known()
        except (TimeoutError, KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("the notices sent before cannot be read now: %r", error)
            return None
        return self._board.notices.told

    async def reports(self, *, but: str) -> list[Report]:
        """Return what the others see; take back what was written by those that are gone.

        Args:
            but: The name of this one.
        """
        now = self._board.read_at  # no report grows old while none can be read
        for worker in self._board.notices.forgotten(now):
            await self._write(report_taken_back(self._group_id, worker))
        return [each for each in self._board.notices.reports(now) if each.worker != but]

    async def _write(self, entry: Entry) -> bool:
        try:
            await self._producer.send(self._topic, *entry)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("notices cannot be recorded now: %s", error)
            return False
        return True
