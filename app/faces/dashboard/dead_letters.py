"""The latest dead letters, for a page that never waits for Kafka."""

import asyncio
import logging

import msgspec

from app.faces.ports import DeadLettersPort
from app.values.dead_letter import DeadLetter
from app.values.replay import Selection

logger = logging.getLogger(__name__)

SHOWN = 5
PATIENCE = 0.2  # seconds; the rest of the page takes a few milliseconds
GIVE_UP = 15.0  # seconds, so that one lost read does not end all reading


class LatestDeadLetters(msgspec.Struct, frozen=True):
    """The dead letters as the page shows them."""

    letters: tuple[DeadLetter, ...] = ()
    note: str | None = None  # why they are missing or may be old, or None


class DeadLetterPeek:
    """Reads the newest dead letters, one read at a time however many pages ask.

    A read that outlasts the page's patience goes on, and the next page has its result.
    Cancelling it instead would make the page wait for the consumer to close.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._reading: asyncio.Task[tuple[DeadLetter, ...]] | None = None
        self._known: tuple[DeadLetter, ...] | None = None

    async def look(self, dead_letters: DeadLettersPort, group: str) -> LatestDeadLetters:
        """Return the dead letters of a group that are known after ``patience`` seconds."""
        if self._reading is None:
            reading_them = _read(dead_letters, Selection(group=group))
            self._reading = asyncio.create_task(reading_them, name="page dead letters")
        reading = self._reading
        await asyncio.wait({reading}, timeout=self._patience)
        if not reading.done():
            return self._old("Kafka has not answered yet")
        if self._reading is reading:  # other pages may have waited for the same read
            self._reading = None
        if (error := reading.exception()) is not None:
            logger.warning("the page cannot read dead letters: %r", error)
            return self._old("Kafka could not be read")
        self._known = reading.result()
        return LatestDeadLetters(self._known)

    def _old(self, why: str) -> LatestDeadLetters:
        if self._known is None:
            return LatestDeadLetters(note=f"{why}.")
        return LatestDeadLetters(self._known, note=f"{why}: these are from before.")


async def _read(dead_letters: DeadLettersPort, wanted: Selection) -> tuple[DeadLetter, ...]:
    async with asyncio.timeout(GIVE_UP):
        return (await dead_letters.page(wanted, limit=SHOWN)).dead_letters
