"""What a worker consumes, and the topics it needs for that."""

from collections.abc import Mapping

import msgspec

from app.policies.headers.deferral import retry_topics
from app.policies.service import own_topics
from app.values.record import TopicPartition
from app.values.topic import WantedTopic


class Subscription(msgspec.Struct, frozen=True):
    """What a worker consumes, and how.

    Attributes:
        topics: To consume.
        dead_letter_topic: Where what cannot be delivered goes.
        dead_letter_retention: Seconds that it is kept there at least.
        retry_prefix: What the names of the group's retry topics begin with.
        control_topic: Compacted: what the group's workers tell each other.
        history_topic: What became of notifications; None if no history is kept.
        history_retention: Seconds that the history is kept at least.
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
    dead_letter_retention: float = 30 * 86_400.0
    history_topic: str | None = None
    history_retention: float = 7 * 86_400.0

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

    @property
    def sources(self) -> tuple[WantedTopic, ...]:
        """The consumed topics, as they are made if they are not there."""
        return tuple(WantedTopic(topic, self.partitions) for topic in self.topics)

    @property
    def history(self) -> tuple[WantedTopic, ...]:
        """The history topic, as it has to be, if a history is kept."""
        if self.history_topic is None:
            return ()
        return (own_topics.history_topic(self.history_topic, self.history_retention),)

    def own_topics(self, largest: int) -> tuple[WantedTopic, ...]:
        """Return the topics that the group cannot work without, as they have to be.

        Args:
            largest: Bytes of the largest batch that a consumed topic takes.
        """
        return own_topics.own_topics(
            dead_letter_topic=self.dead_letter_topic,
            retry_prefix=self.retry_prefix,
            control_topic=self.control_topic,
            dead_letter_retention=self.dead_letter_retention,
            partitions=self.partitions,
            largest=largest,
        )
