"""Saves the last commits in the control topic, in case Kafka forgets them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from app.edges.kafka.producer import Producer
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import Entry, commit_entry
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 2.0
INTERVAL: Final = 60.0
AT_ONCE: Final = 100
"""Records that are written together: others need the event loop between them."""


class CommitSaver:
    """Saves the commits that have changed: once a minute, and at a stop.

    Kafka forgets the offsets of a group that was away for longer than their retention.

    Args:
        producer: Writes to the control topic.
        subscription: Names the topic and the group.
        assignment: The partitions this worker has.
        clock: Tells the time.
    """

    def __init__(
        self,
        producer: Producer,
        subscription: Subscription,
        assignment: Assignment,
        clock: Clock,
    ) -> None:
        self._producer = producer
        self._subscription = subscription
        self._assignment = assignment
        self._clock = clock
        self._saved: dict[TopicPartition, tuple[str | None, Commit]] = {}

    async def run(self) -> None:
        """Write until cancelled."""
        wait = FIRST_WAIT
        while True:
            await asyncio.sleep(wait)
            await self.save()
            wait = INTERVAL

    async def save(self) -> None:
        """Write what has changed; an error of Kafka is logged, and it is tried again next time."""
        changed = {
            each.partition: (each.topic_id, commit)
            for each in self._assignment
            if (commit := each.ledger.last_commit) is not None
            and self._saved.get(each.partition) != (each.topic_id, commit)
        }
        now = self._clock.now()
        entries = [
            commit_entry(self._subscription.group_id, partition, topic_id, commit, now)
            for partition, (topic_id, commit) in changed.items()
        ]
        try:
            await self.write(entries)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.info("the last commits cannot be saved now: %s", error)
        else:
            self._saved |= changed

    async def write(self, entries: Sequence[Entry]) -> None:
        """Write records to the control topic.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        topic = self._subscription.control_topic
        for start in range(0, len(entries), AT_ONCE):
            await asyncio.gather(
                *(self._producer.send(topic, *each) for each in entries[start : start + AT_ONCE])
            )
