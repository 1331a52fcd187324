"""Deletes committed records of retry topics, so that these do not grow with every deferral."""

import logging
from collections.abc import Callable
from typing import Final

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

KIND: Final = "retry_topics_grow"
INTERVAL: Final = 60.0


class Trimmer:
    """Deletes what is committed, from time to time, as far as Kafka allows it.

    If it does not, a warning says so, and the topics' retention does it later.

    Args:
        connection: Where Kafka is.
        assignment: The partitions this worker has.
        clock: Tells the time.
        conditions: Shows that nothing can be deleted.
        admin: Returns the client that deletes; an ``Admin`` if left out.
    """

    def __init__(
        self,
        connection: Connection,
        assignment: Assignment,
        clock: Clock,
        conditions: Conditions,
        admin: Callable[[Connection], Admin] | None = None,
    ) -> None:
        self._connection = connection
        self._assignment = assignment
        self._clock = clock
        self._conditions = conditions
        self._admin = admin or Admin
        self._trimmed: dict[TopicPartition, int] = {}
        self._next_at = clock.monotonic() + INTERVAL

    async def trim(self) -> None:
        """Delete what is done, if it is time to; an error of Kafka is logged."""
        now = self._clock.monotonic()
        if now < self._next_at or self._connection.embedded:
            return
        self._next_at = now + INTERVAL
        done = {
            assigned.partition: assigned.ledger.committed
            for assigned in self._assignment
            if assigned.delay is not None
            and assigned.ledger.committed > self._trimmed.get(assigned.partition, 0)
        }
        if not done:
            return
        try:
            async with self._admin(self._connection) as admin:
                await admin.delete_records(done)
        except KafkaUnavailableError as error:
            log.info("the retry topics cannot be trimmed now: %s", error)
        except KafkaRefusedError as error:
            left = sum(offset - self._trimmed.get(each, 0) for each, offset in done.items())
            self._conditions.begin(
                KIND,
                f"{error}. Until then, deferred notifications that are done take up the brokers'"
                f" disks for seven days; {left:,} do now, of this worker's partitions",
            )
        else:
            self._trimmed |= done
            self._conditions.end(KIND)
