"""Settlement: the dead letter is acknowledged by the broker, then the offset is done."""

import asyncio
import logging
from collections.abc import Callable

from app.edges.kafka.producer import Producer
from app.engine.item import Item
from app.engine.journal import Journal
from app.engine.lane import Spawn
from app.policies.dead_letter_headers import (
    DeadLetterNote,
    bare,
    dead_letter_headers,
    without_value,
)
from app.policies.statistics import Verdict
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.record import Headers

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0


class Settler:
    """Closes the books of finished items.

    Args:
        producer: Writes dead letters.
        topic: The dead-letter topic.
        group_id: Stands on every dead letter.
        journal: Where verdicts are counted.
        spawn: Starts a named task that the worker watches.
        on_settled: Called after an item's offset is done.

    Attributes:
        blocked: Why dead letters cannot be written now, or None.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        group_id: str,
        journal: Journal,
        *,
        spawn: Spawn,
        on_settled: Callable[[Item, Verdict], None],
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._group_id = group_id
        self._journal = journal
        self._spawn = spawn
        self._on_settled = on_settled
        self.blocked: str | None = None

    def finish(self, item: Item) -> None:
        """Settle an item whose targets all have their final answer."""
        if not item.assigned.active:
            return  # taken away; whoever has the partition now settles it
        verdict = item.verdict()
        if verdict is Verdict.SENT or item.buried:
            self._settle(item, verdict)
        elif not item.burying:
            item.burying = True
            self._spawn(self._bury(item), f"dead letter {item.record.coordinates}")

    async def _bury(self, item: Item) -> None:
        """Write the dead letter; only its acknowledgement settles the offset."""
        try:
            await self._write_dead_letter(item)
        finally:
            item.burying = False
        item.buried = True
        self._journal.statistics.dead_lettered += 1
        self.finish(item)

    def _settle(self, item: Item, verdict: Verdict) -> None:
        item.assigned.settle(item)
        self._journal.statistics.settle(verdict, self._journal.now())
        self._on_settled(item, verdict)

    async def _write_dead_letter(self, item: Item) -> None:
        record, note = item.record, self._note(item)
        headers = dead_letter_headers(record, note)
        forms = [(record.key, record.value, headers)]
        if record.value is not None:
            forms.append((record.key, None, without_value(headers, record.value)))
        forms.append((None, None, bare(record, note)))
        for form in forms:
            try:
                await self._write(*form)
            except RecordTooLargeError as error:
                log.warning(
                    "%s: its dead letter leaves something out: %s", record.coordinates, error
                )
            else:
                return
        raise RecordTooLargeError(f"{self._topic} takes not even a dead letter without its record")

    async def _write(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Write one form of a dead letter; try until it is acknowledged or found too large."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._producer.send(self._topic, key, value, headers)
            except RecordTooLargeError:
                raise
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                if self.blocked is None:
                    log.error("dead letters cannot be written, trying again: %s", error)  # noqa: TRY400 - the error is Kafka's, a traceback tells nothing
                self.blocked = str(error)
            else:
                self.blocked = None
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _note(self, item: Item) -> DeadLetterNote:
        reason, error = item.death()
        return DeadLetterNote(
            reason=reason,
            error=error,
            failed=tuple(failure.target for failure in item.failures),
            delivered=tuple(item.delivered),
            attempts=item.attempts,
            first_failure=item.first_failure,
            group=self._group_id,
        )
