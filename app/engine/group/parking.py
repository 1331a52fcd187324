"""Parked offsets: their records are read again when they are due."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from math import inf

from app.edges.kafka.connection import Connection
from app.edges.kafka.record_reader import Read, reading_again
from app.engine.admission import Admission
from app.engine.conditions import Conditions
from app.engine.flow import Flow
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.parked import Parked, Why
from app.engine.inflight.partition import Assigned
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PATIENCE = 15.0
"""Seconds until a topic that could not be read is tried again."""


class Parking:
    """Reads parked records again when they are due; nothing of them is in memory meanwhile.

    Args:
        connection: Where Kafka is.
        subscription: What this worker consumes.
        assignment: The partitions that it has.
        flow: Takes records back in, as far as there is room.
        admission: Reads what is heavy ahead.
        clock: Tells the time.
        conditions: Shows what is parked.
        may_admit: Says whether records may be taken now.
        resumed_on: Tells when a destination was last resumed, in monotonic seconds: what was too
            large to be put aside need not wait any longer then.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        assignment: Assignment,
        flow: Flow,
        admission: Admission,
        clock: Clock,
        conditions: Conditions,
        *,
        may_admit: Callable[[], bool],
        resumed_on: Callable[[], float] = lambda: -inf,
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._assignment = assignment
        self._flow = flow
        self._admission = admission
        self._clock = clock
        self._conditions = conditions
        self._may_admit = may_admit
        self._resumed_on = resumed_on

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            self._say()
            try:
                await self._look()
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.warning("%s", error)
                await asyncio.sleep(PATIENCE)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        """Take back what is due, one record after the other, as long as there is room."""
        for topic in {assigned.partition.topic for assigned, _ in self._due()}:
            async with reading_again(self._connection, topic) as read:
                due = [each for each in self._due() if each[0].partition.topic == topic]
                for assigned, parked in sorted(due, key=lambda each: each[1].until):
                    if not self._has_room():
                        return
                    await self._take_back(assigned, parked, read)

    def _due(self) -> Iterator[tuple[Assigned, Parked]]:
        now, resumed_on = self._clock.monotonic(), self._resumed_on()
        for assigned in self._assignment:
            for parked in assigned.parked.values():
                resumed = parked.why is Why.TOO_LARGE and parked.since <= resumed_on
                if resumed or parked.until <= now:
                    yield assigned, parked

    async def _take_back(self, assigned: Assigned, parked: Parked, read: Read) -> None:
        record = await read(assigned.partition.partition, parked.offset)
        if record is not None:
            await self._admission.read_again(parked, record, assigned)
        there = self._assignment.has(assigned) and assigned.parked.get(parked.offset) is parked
        if there and self._has_room():  # still
            self._flow.returned(parked, record, assigned)

    def _has_room(self) -> bool:
        return self._may_admit() and self._flow.room > 0

    def _say(self) -> None:
        """Show what is parked, and what to do about it."""
        too_large: dict[str, int] = {}
        foreign: dict[str, int] = {}
        for assigned in self._assignment:
            for parked in assigned.parked.values():
                counts = too_large if parked.why is Why.TOO_LARGE else foreign
                counts[parked.origin.topic] = counts.get(parked.origin.topic, 0) + 1
        self._conditions.replace(
            "record_too_large",
            {topic: self._too_large(topic, count) for topic, count in too_large.items()},
        )
        self._conditions.replace(
            "foreign_topic",
            {topic: self._foreign(topic, count) for topic, count in foreign.items()},
        )

    def _too_large(self, topic: str, count: int) -> str:
        return (
            f"{_of(topic, count)} can neither be delivered now nor put aside: the topics"
            f" {self._subscription.retry_prefix}.* do not take what is so large, even compressed;"
            " raise their max.message.bytes and the dead-letter topic's; until then it is tried"
            " again from where it stands, and given up without its value if that is for too long"
        )

    def _foreign(self, topic: str, count: int) -> str:
        return (
            f"{_waiting(topic, count)} in the retry topics for a member of the group"
            f" {self._subscription.group_id} that consumes {topic}, as this one does not: each"
            " service needs a group id of its own (NOTIFIER_KAFKA__GROUP_ID)"
        )


def _of(topic: str, count: int) -> str:
    return f"a record of {topic}" if count == 1 else f"{count} records of {topic}"


def _waiting(topic: str, count: int) -> str:
    return f"a record of {topic} waits" if count == 1 else f"{count} records of {topic} wait"
