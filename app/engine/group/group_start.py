"""Where the group starts on partitions without an offset: decided before any member joins."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from app.edges.kafka.connection import Connection
from app.edges.kafka.group_offsets import GroupHasMembersError, GroupOffsets
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.saved_commits import read_saved
from app.engine.conditions import Conditions
from app.engine.group.saving import CommitSaver
from app.engine.group.starts import Beginnings, Ids, commits_of, decide, resolve, say
from app.engine.group.subscription import Subscription
from app.engine.observer import Observer
from app.policies.books.beginnings import AsSet
from app.policies.books.saved_commits import Saved, visit_entry
from app.values.clock import Clock
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

FORGOTTEN: Final = "offsets_forgotten"
PATIENCE: Final = 60.0
"""Seconds in which an operator may stop a group that starts over although it worked before."""


class GroupStart:
    """Commits where the group begins, before this worker joins it.

    Kafka takes such a commit only while the group has no members. So the first worker decides for
    all partitions at one moment, and what is written between two workers' starts is not lost.

    Args:
        connection: Where Kafka is.
        subscription: What is consumed.
        saver: Writes to the control topic.
        clock: Tells the time.
        observer: Counts what is seen.
        conditions: Shows a start that is out of the ordinary.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        saver: CommitSaver,
        clock: Clock,
        observer: Observer,
        conditions: Conditions,
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._saver = saver
        self._clock = clock
        self._observer = observer
        self._conditions = conditions

    async def prepare(self) -> None:
        """Commit for every partition that has no offset; do nothing if all have one.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        wanted = self._subscription
        async with GroupOffsets(self._connection) as offsets:
            partitions = await offsets.logs.learn(wanted.consumed)
            committed = await offsets.committed(wanted.group_id, partitions)
            if all(committed.values()):
                return
            saved = await read_saved(self._connection, wanted.control_topic, wanted.group_id)
            if not (any(committed.values()) or saved) and await self._was_here(
                offsets.logs, partitions
            ):
                await self._warn()
                committed = await offsets.committed(wanted.group_id, partitions)
            ids = await offsets.logs.topic_ids(wanted.consumed)
            missing = {each: None for each, found in committed.items() if found is None}
            begun = decide(wanted, missing, ids, saved)
            starts = await resolve(wanted, begun, ids, offsets.logs)
            try:
                await offsets.commit(wanted.group_id, commits_of(starts))
            except GroupHasMembersError:
                log.info("the group %s has members: each begins by itself", wanted.group_id)
            else:
                say(begun, self._observer, self._conditions)
                self._tell(begun)
        await self._remember(begun, saved, ids, partitions)

    async def _was_here(self, logs: PartitionLogs, partitions: Iterable[TopicPartition]) -> bool:
        """Say whether the group's retry topics show that it has worked before."""
        own = [each for each in partitions if each.topic in self._subscription.delays]
        return any((await logs.ends(own)).values())

    async def _warn(self) -> None:
        """Give an operator time to stop it before everything is sent again, or skipped."""
        wanted = self._subscription
        where = "earliest" if wanted.start_at_earliest else "latest"
        what = (
            "what was sent before is sent again"
            if wanted.start_at_earliest
            else ("what nobody has read yet is not sent")
        )
        lost = (
            f"the group {wanted.group_id} has been here before, and neither Kafka nor"
            f" {wanted.control_topic} knows how far it had got"
        )
        self._conditions.begin(
            FORGOTTEN,
            f"{lost}: in {PATIENCE:.0f} s it begins at the {where} of its topics, and {what}. To"
            " begin elsewhere, stop it now and set the group's offsets"
            " (kafka-consumer-groups.sh --reset-offsets), or NOTIFIER_KAFKA__AUTO_OFFSET_RESET",
            stops_work=True,
        )
        await asyncio.sleep(PATIENCE)
        self._conditions.note(
            FORGOTTEN, f"{lost}: it began at the {where} of its topics, and {what}"
        )

    def _tell(self, begun: Beginnings) -> None:
        where = "start" if self._subscription.start_at_earliest else "end"
        for topic, count in Counter(_as_set(begun)).items():
            log.info(
                "the group %s begins at the %s of %d partitions of %s",
                self._subscription.group_id,
                where,
                count,
                topic,
            )

    async def _remember(
        self, begun: Beginnings, saved: Saved, ids: Ids, partitions: Sequence[TopicPartition]
    ) -> None:
        """Write down what there is at the first visit: what comes later was added since."""
        counts = Counter(topic for topic, _ in partitions)
        now = self._clock.now()
        await self._saver.write(
            [
                visit_entry(self._subscription.group_id, topic, ids.get(topic), counts[topic], now)
                for topic in dict.fromkeys(_as_set(begun))
                if topic not in saved.visits
            ]
        )


def _as_set(begun: Beginnings) -> Iterable[str]:
    return (each.topic for each, how in begun.items() if isinstance(how, AsSet))
