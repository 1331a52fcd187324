"""Where a group starts that was never there (contract section 2, ``AUTO_OFFSET_RESET``)."""

import logging
from collections.abc import Collection

from aiokafka import TopicPartition as Theirs
from aiokafka.errors import CommitFailedError

from app.edges.kafka.admin import Admin
from app.edges.kafka.client import new_consumer
from app.edges.kafka.closing import close_consumer
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0


async def commit_first_start(
    connection: Connection, group_id: str, topics: Collection[str], *, earliest: bool
) -> None:
    """Commit where a group begins that has no offsets at all; before anybody joins it.

    Kafka takes such a commit only while the group has no members. So whoever is first decides for
    all partitions at once, and nobody can take a group that is just starting for one that is not.

    Args:
        connection: Where Kafka is.
        group_id: The consumer group.
        topics: What it consumes; they are there.
        earliest: Begin at the start of the logs, else at their ends.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: As everywhere.
    """
    async with Admin(connection) as admin:
        there = await admin.topics(topics)
        partitions = [
            TopicPartition(topic, number)
            for topic, state in there.items()
            for number in range(state.partitions)
        ]
        committed = await admin.committed(group_id, partitions)
    if any(committed.values()):
        return
    client = new_consumer(
        connection, group_id=group_id, enable_auto_commit=False, auto_offset_reset="none"
    )
    everywhere = [Theirs(*partition) for partition in partitions]
    try:
        with translated("commit where the group begins"):
            await client.start()
            client.assign(everywhere)
            ask = client.beginning_offsets if earliest else client.end_offsets
            starts = await ask(everywhere)
            try:
                await client.commit(dict(starts))
            except CommitFailedError:
                log.info("the group %s has members already: its start is theirs", group_id)
                return
    finally:
        await close_consumer(client, CLOSE_TIMEOUT)
    where = "start" if earliest else "end"
    log.info("the group %s is new: it begins at the %s of its topics", group_id, where)
