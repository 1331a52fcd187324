"""What a worker consumes, and the topics it needs for that."""

from collections.abc import Mapping

import msgspec

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.first_start import commit_first_start
from app.policies.deferral import retry_topics
from app.values.record import TopicPartition

HEADERS_ROOM = 65_536
"""Bytes that the service's headers may add to a record."""
RETRY_RETENTION_MS = 7 * 86_400_000


class Subscription(msgspec.Struct, frozen=True):
    """What a worker consumes, and how.

    Attributes:
        topics: To consume.
        dead_letter_topic: Where what cannot be delivered goes.
        retry_prefix: What the names of the group's retry topics begin with.
        control_topic: Compacted: what the group's workers tell each other.
        start_at_earliest: Where a group starts that has no offsets at all.
        partitions: Of topics that are created.
        replication_factor: Of topics that are created; None for the broker's default.
    """

    topics: tuple[str, ...]
    dead_letter_topic: str
    retry_prefix: str
    control_topic: str
    group_id: str
    start_at_earliest: bool
    max_poll_records: int
    partitions: int
    replication_factor: int | None

    @property
    def delays(self) -> Mapping[str, float]:
        """The retry topics, each with its delay in seconds."""
        return retry_topics(self.retry_prefix)

    @property
    def first_partition(self) -> TopicPartition:
        """A partition that is always there."""
        return TopicPartition(self.topics[0], 0)

    @property
    def consumed(self) -> tuple[str, ...]:
        """Every topic that is read in the group."""
        return (*self.topics, *self.delays)

    @property
    def ours(self) -> frozenset[str]:
        """Where notifications come from that this service may route.

        Those of other topics are deferred by a service that shares the group, and it alone knows
        their recipients and default destinations. What stands in an own topic without an origin was
        written there by hand.
        """
        return frozenset((*self.consumed, self.dead_letter_topic))


async def prepare(connection: Connection, subscription: Subscription) -> None:
    """See to it that everything can be written before anything is taken.

    Missing topics are created; where the group begins is committed.

    Args:
        connection: Where Kafka is.
        subscription: What is going to be consumed.

    Raises:
        KafkaUnavailableError: Kafka is away.
        KafkaRefusedError: Something is not allowed; the text names the missing right.
    """
    wanted = subscription
    async with Admin(connection) as admin:
        await admin.create_missing(
            {topic: {} for topic in wanted.topics}, wanted.partitions, wanted.replication_factor
        )
        largest = await admin.largest_record(wanted.topics) + HEADERS_ROOM
        await admin.create_missing(
            _own_topics(wanted, largest), wanted.partitions, wanted.replication_factor
        )
        await admin.prove_writable([wanted.dead_letter_topic, *wanted.delays])
    await commit_first_start(
        connection, wanted.group_id, wanted.topics, earliest=wanted.start_at_earliest
    )


def _own_topics(subscription: Subscription, largest: int) -> Mapping[str, Mapping[str, str]]:
    """Return the service's own topics, each with the settings it needs."""
    kept = {"cleanup.policy": "delete", "max.message.bytes": str(largest)}
    deferred = {
        **kept,
        "message.timestamp.type": "LogAppendTime",  # what due times are counted from
        "retention.ms": str(RETRY_RETENTION_MS),
    }
    return {
        subscription.dead_letter_topic: kept,
        **dict.fromkeys(subscription.delays, deferred),
        subscription.control_topic: {
            "cleanup.policy": "compact",
            "message.timestamp.type": "LogAppendTime",  # how the brokers are asked for the time
        },
    }
