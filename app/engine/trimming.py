"""Retry topics are emptied of what is done, so that they do not grow with every deferral."""

import logging

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.engine.journal import Journal
from app.engine.partition import Assignment
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

INTERVAL = 60.0


class Trimmer:
    """Deletes what is committed past, now and then, as far as Kafka lets it.

    Where it does not, the topics' retention does it later.
    """

    def __init__(self, connection: Connection, assignment: Assignment, journal: Journal) -> None:
        self._connection = connection
        self._assignment = assignment
        self._journal = journal
        self._trimmed: dict[TopicPartition, int] = {}
        self._next_at = journal.monotonic() + INTERVAL

    async def trim(self) -> None:
        """Delete what is done, if it is time to; never raises for what Kafka says."""
        now = self._journal.monotonic()
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
            async with Admin(self._connection) as admin:
                await admin.delete_records(done)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("the retry topics are not trimmed now, retention will do it: %s", error)
        self._trimmed |= done
