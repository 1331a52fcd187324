"""Where a worker begins with the partitions it is given."""

import logging
from collections.abc import Collection, Mapping

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.edges.metrics import Metrics
from app.engine.partition import Start
from app.engine.subscription import Subscription
from app.policies.ledger import Commit
from app.values.record import TopicPartition

log = logging.getLogger(__name__)


async def find_starts(
    connection: Connection,
    subscription: Subscription,
    consumer: Consumer,
    partitions: Collection[TopicPartition],
    metrics: Metrics,
) -> tuple[Mapping[TopicPartition, Start], Mapping[TopicPartition, Commit]]:
    """Read what the group has committed.

    A partition without a commit begins at the start of its log: where the group itself begins was
    committed before anybody joined it, so this one was added since.

    Returns:
        Where each partition begins, and what is to be committed before anything of it is taken.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: As everywhere.
    """
    async with Admin(connection) as admin:
        committed = await admin.committed(subscription.group_id, partitions)
    odd = [partition for partition, found in committed.items() if found and found.odd]
    if odd:
        metrics.count_ignored_metadata(len(odd))
        names = ", ".join(f"{topic}/{number}" for topic, number in odd)
        log.warning(
            "the commit metadata of %s is not this service's or corrupt: it is ignored, and what"
            " was settled out of order may be sent again",
            names,
        )
    missing = [partition for partition, found in committed.items() if found is None]
    added = await consumer.logs.starts(missing)
    starts = {
        partition: Start(found.offset, found.settled) if found else Start(added[partition])
        for partition, found in committed.items()
    }
    return starts, {partition: Commit(offset) for partition, offset in added.items()}
