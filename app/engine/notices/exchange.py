"""What the group's workers tell each other for the operator's sake."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from app.edges.kafka.follower import Follower
from app.edges.kafka.producer import Producer
from app.engine.clock import EngineClock
from app.policies.service.notices import STALE
from app.policies.service.operator_records import (
    TOLD_KEY,
    ToldByName,
    read_report,
    read_told,
    report_key,
    report_value,
    told_value,
)
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.notice import Key, Report, Told
from app.values.record import Record

log = logging.getLogger(__name__)

INTERVAL: Final = 10.0
"""Seconds between two looks at what the others have written, and two reports of the same."""


class Exchange:
    """Reports, and what was told, in the control topic. What cannot be written is written later.

    Args:
        producer: Writes.
        follower: Reads.
        topic: The control topic.
        clock: Tells the time.
    """

    def __init__(
        self, producer: Producer, follower: Follower, topic: str, clock: EngineClock
    ) -> None:
        self._producer = producer
        self._follower = follower
        self._topic = topic
        self._clock = clock
        self._reports: dict[str, Report] = {}
        self._told: ToldByName = {}
        self._reported: tuple[frozenset[Key], tuple[str, ...]] = (frozenset(), ())
        self._reported_at = self._read_at = float("-inf")

    async def report(self, seen: Report) -> None:
        """Write what this worker sees, if that is news, or for the others to know it is alive."""
        news = frozenset(matter.key for matter in seen.matters), seen.fine
        is_due = self._clock.monotonic() - self._reported_at >= INTERVAL
        if news == self._reported and not (is_due and any(news)):
            return
        if await self._write(report_key(seen.worker), report_value(seen)):
            self._reported, self._reported_at = news, self._clock.monotonic()

    async def write_told(self, told: Mapping[str, Iterable[Told]]) -> bool:
        """Write what each address was told, by its name; return whether that is acknowledged."""
        return await self._write(TOLD_KEY, told_value(told))

    async def read(self, *, at_once: bool = False) -> ToldByName | None:
        """Read what is new, now and then; return what each address was told, None without Kafka.

        Args:
            at_once: However short ago that was done.
        """
        if at_once or self._clock.monotonic() - self._read_at >= INTERVAL:
            try:
                await self._follower.read(self._take)
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.info("what other workers report is not known now: %s", error)
                return None
            self._read_at = self._clock.monotonic()
        return self._told

    def reports(self, *, but: str) -> list[Report]:
        """Return the others' newest reports; those of workers that are gone are forgotten.

        Args:
            but: The name of this one.
        """
        now = self._clock.broker_now()
        self._reports = {
            name: each for name, each in self._reports.items() if now - each.at <= STALE
        }
        return [each for name, each in self._reports.items() if name != but]

    def _take(self, record: Record) -> None:
        report = read_report(record.key, record.value)
        if report is not None:
            self._reports[report.worker] = replace(report, at=record.timestamp)
        told = read_told(record.key, record.value)
        if told is not None:
            self._told = told

    async def _write(self, key: bytes, value: bytes) -> bool:
        try:
            await self._producer.send(self._topic, key, value)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("what the operator is told is not written down now: %s", error)
            return False
        return True
