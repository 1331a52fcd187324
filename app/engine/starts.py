"""Where a worker begins with the partitions it is given."""

import logging
from collections.abc import Collection, Mapping

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.consumer import Consumer
from app.edges.metrics import Metrics
from app.engine.conditions import Conditions
from app.engine.partition import Start
from app.engine.positions import note_recreated
from app.engine.subscription import Subscription
from app.policies.commit_metadata import Committed, with_topic_id
from app.policies.ledger import Commit
from app.values.record import TopicPartition

log = logging.getLogger(__name__)


async def find_starts(
    connection: Connection,
    subscription: Subscription,
    consumer: Consumer,
    partitions: Collection[TopicPartition],
    metrics: Metrics,
    conditions: Conditions,
) -> tuple[Mapping[TopicPartition, Start], Mapping[TopicPartition, Commit]]:
    """Read what the group has committed.

    A partition without a commit begins at the start of its log: where the group itself begins was
    committed before anybody joined it, so this one was added since. So does one whose commit is of
    another topic of the same name.

    Returns:
        Where each partition begins, and what is to be committed before anything of it is taken.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: As everywhere.
    """
    ids = await consumer.logs.topic_ids({each.topic for each in partitions}) if partitions else {}
    async with Admin(connection) as admin:
        committed = await admin.committed(subscription.group_id, partitions)
    _note_odd(committed, metrics)
    anew = [each for each, found in committed.items() if _is_of_another(found, ids.get(each.topic))]
    for topic in sorted({each.topic for each in anew}):
        note_recreated(conditions, topic)
    missing = [each for each, found in committed.items() if found is None]
    begun = await consumer.logs.starts([*missing, *anew])
    starts: dict[TopicPartition, Start] = {}
    for partition, found in committed.items():
        topic_id = ids.get(partition.topic)
        if found is None or partition in begun:
            starts[partition] = Start(begun[partition], topic_id=topic_id)
        else:
            owed = found.topic_id is None and topic_id is not None
            starts[partition] = Start(found.offset, found.settled, topic_id, owed=owed)
    return starts, {
        each: Commit(offset, with_topic_id("", ids.get(each.topic)))
        for each, offset in begun.items()
    }


def _is_of_another(found: Committed | None, topic_id: str | None) -> bool:
    return (
        found is not None
        and found.topic_id is not None
        and topic_id is not None
        and found.topic_id != topic_id
    )


def _note_odd(committed: Mapping[TopicPartition, Committed | None], metrics: Metrics) -> None:
    odd = [partition for partition, found in committed.items() if found and found.odd]
    if odd:
        metrics.count_ignored_metadata(len(odd))
        names = ", ".join(f"{topic}/{number}" for topic, number in odd)
        log.warning(
            "the commit metadata of %s is not this service's or corrupt: it is ignored, and what"
            " was settled out of order may be sent again",
            names,
        )
