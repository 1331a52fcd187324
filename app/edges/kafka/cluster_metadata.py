"""What a member's client knows of the consumed topics: it learns that anew every 30 s."""

from collections.abc import Collection
from typing import Any

from app.values.record import TopicPartition


class ClusterMetadata:
    """Knows the consumed topics and their partitions, as last learnt.

    Args:
        client: aiokafka's own client of a consumer; it has no public way to ask.
    """

    def __init__(self, client: Any, topics: Collection[str]) -> None:
        self._client = client
        self._topics = topics
        # how often the list of topics was learnt anew: every 30 s, and whenever a leader
        # has moved or a topic has gone
        self.updates = 0
        client.cluster.add_listener(self._learnt)

    def _learnt(self, _: object) -> None:
        self.updates += 1

    def learn_anew(self) -> None:
        """Ask at once for the list of topics; if it has changed, the group divides anew."""
        self._client.force_metadata_update()

    @property
    def misses_topics(self) -> bool:
        """Whether a consumed topic was missing."""
        return any(self._client.cluster.partitions_for_topic(each) is None for each in self._topics)

    def share_of(self, partitions: Collection[TopicPartition]) -> float:
        """Return which part of all partitions of the consumed topics these are: 0 to 1.

        The shares of a group's members add up to 1, whoever has just come or gone.
        """
        told = self._client.cluster.partitions_for_topic
        there = sum(len(told(topic) or ()) for topic in self._topics)
        return len(partitions) / max(there, len(partitions), 1)

    def hidden_topics(self) -> Collection[str]:
        """Return the consumed topics that this user may not even see, as far as is known."""
        return [each for each in self._topics if each in self._client.cluster.unauthorized_topics]
