"""A cluster as the doctor sees it, without Kafka."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from msgspec.structs import replace

from app.configured import subscription_of
from app.edges.kafka.survey import Survey
from app.edges.kafka.transactions import OpenTransaction
from app.policies.books.commit_metadata import Committed
from app.policies.books.saved_commits import Saved
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError, NotifierError
from app.values.group import Group, GroupMember
from app.values.record import TopicPartition
from app.values.rights import Right
from app.values.topic import TopicState, WantedTopic

SOURCE, DEAD = "notifications", "notifications.dlq"
RETRY = "notifications.retry.notification_worker_group"
CONTROL = "notifications.control.notification_worker_group"
USUAL = {
    "cleanup.policy": "delete",
    "max.message.bytes": "1000",
    "message.timestamp.type": "CreateTime",
    "retention.ms": "604800000",
}
LARGEST = 1000
SUBSCRIPTION = subscription_of(KafkaSettings())
OWN = {topic.name: topic for topic in (*SUBSCRIPTION.own_topics(LARGEST), *SUBSCRIPTION.history)}
"""The group's own topics, as they have to be."""


@dataclass
class Cluster:
    """What a cluster would answer, and what is changed in it."""

    unreachable: NotifierError | None = None
    places: list[tuple[str, int]] = field(default_factory=list)
    states: dict[str, TopicState] = field(
        default_factory=lambda: {
            SOURCE: TopicState(2, 1),
            **{name: TopicState(topic.partitions, 1) for name, topic in OWN.items()},
        }
    )
    configs: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            SOURCE: dict(USUAL),
            **{name: {**USUAL, **topic.config} for name, topic in OWN.items()},
        }
    )
    # topics that cannot be made, each with the reason and what to do
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    # topics whose settings cannot be changed, each with the reason
    unaltered: dict[str, str] = field(default_factory=dict)
    group: Group = field(default_factory=lambda: Group("consumer", "roundrobin"))
    limit: int | None = None
    members: list[GroupMember] = field(default_factory=list)
    logs: dict[TopicPartition, range] = field(default_factory=dict)
    offsets: dict[TopicPartition, Committed] = field(default_factory=dict)
    failures: list[NotifierError] = field(default_factory=list)
    unwritable: set[str] = field(default_factory=set)  # topics that this user may not write to
    # the topics on which this user lacks a right, by right
    denied: dict[Right, set[str]] = field(default_factory=dict)
    # the rights that it lacks on the group
    denied_on_group: list[Right] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    saved: Saved = field(default_factory=lambda: Saved({}, {}))
    transactions: list[list[OpenTransaction]] = field(default_factory=lambda: [[]])
    newest: float | None = None
    unreadable: dict[TopicPartition, int] = field(default_factory=dict)
    starved: bool = False


class FakeSurvey(Survey):
    """Answers from a ``Cluster``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __aenter__(self) -> Self:
        if self._cluster.unreachable:
            raise self._cluster.unreachable
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing is open."""

    async def brokers(self) -> list[tuple[str, int]]:
        """See ``Survey``."""
        return self._cluster.places

    async def visible(self, names: Collection[str]) -> dict[str, TopicState]:
        """See ``Admin``."""
        return {name: self._cluster.states[name] for name in names if name in self._cluster.states}

    async def topics(self, names: Collection[str]) -> dict[str, TopicState]:
        """See ``Admin``."""
        return await self.visible(names)

    async def create(
        self, wanted: Iterable[WantedTopic], replication_factor: int | None
    ) -> dict[str, TopicState]:
        """See ``TopicAdmin``."""
        for topic in wanted:
            if topic.name in self._cluster.refused:
                raise KafkaRefusedError(self._cluster.refused[topic.name][0])
            if topic.name not in self._cluster.states:
                self._cluster.states[topic.name] = TopicState(
                    topic.partitions, replication_factor or 1
                )
                self._cluster.configs[topic.name] = {**USUAL, **topic.config}
        return self._cluster.states

    async def refusals(
        self,
        wanted: Iterable[WantedTopic],
        replication_factor: int | None,  # noqa: ARG002 - as in ``TopicAdmin``
        *,
        validate_only: bool = False,
    ) -> dict[str, tuple[str, str]]:
        """See ``TopicAdmin``."""
        assert validate_only
        refused = self._cluster.refused
        return {topic.name: refused[topic.name] for topic in wanted if topic.name in refused}

    async def topic_configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """See ``TopicAdmin``."""
        return {
            topic: self._cluster.configs[topic]
            for topic in topics
            if topic in self._cluster.configs
        }

    async def largest_record(self, topics: Collection[str]) -> int:
        """See ``TopicAdmin``."""
        configs = await self.topic_configs(topics)
        return max(int(each["max.message.bytes"]) for each in configs.values())

    async def alter(self, settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """See ``TopicAdmin``."""
        for topic, changed in settings.items():
            if topic not in self._cluster.unaltered:
                self._cluster.configs[topic] |= changed
        return {topic: why for topic, why in self._cluster.unaltered.items() if topic in settings}

    async def prove_writable(self, topics: Collection[str]) -> None:
        """See ``TopicAdmin``."""
        if closed := self._cluster.unwritable.intersection(topics):
            raise KafkaRefusedError(f"not writable: {', '.join(sorted(closed))}")

    async def denied(self, right: Right, topics: Collection[str]) -> frozenset[str]:
        """See ``Survey``."""
        return frozenset(self._cluster.denied.get(right, set()).intersection(topics))

    async def denied_on_group(self, rights: Sequence[Right], group_id: str) -> Sequence[Right]:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        return [right for right in rights if right in self._cluster.denied_on_group]

    async def group_limit(self) -> int | None:
        """See ``Survey``."""
        return self._cluster.limit

    async def group(self, group_id: str) -> Group:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        if self._cluster.failures:
            raise self._cluster.failures.pop()
        members = self._cluster.members
        if members and not self._cluster.starved:
            there = self._cluster.states.get(SOURCE, TopicState(0, 1))
            all_of_them = tuple(
                TopicPartition(SOURCE, number) for number in range(there.partitions)
            )
            members = [replace(members[0], partitions=all_of_them), *members[1:]]
        return replace(self._cluster.group, members=tuple(members))

    async def log_ranges(self, topics: Collection[str]) -> dict[TopicPartition, range]:
        """See ``Survey``."""
        return {at: each for at, each in self._cluster.logs.items() if at.topic in {*topics}}

    async def unreadable(self, topics: Collection[str]) -> dict[TopicPartition, int]:
        """See ``Survey``."""
        return {at: code for at, code in self._cluster.unreadable.items() if at.topic in topics}

    async def topic_ids(self, topics: Collection[str]) -> Mapping[str, str | None]:
        """See ``Survey``."""
        return {topic: self._cluster.ids.get(topic) for topic in topics}

    async def saved(self, control_topic: str, group_id: str) -> Saved:
        """See ``Survey``."""
        assert (control_topic, group_id) == (CONTROL, "notification_worker_group")
        return self._cluster.saved

    async def open_transactions(
        self, partitions: Collection[TopicPartition]
    ) -> list[OpenTransaction]:
        """See ``Survey``: what is open at the first look, then at the second."""
        looks = self._cluster.transactions
        found = looks.pop(0) if len(looks) > 1 else looks[0]
        return [each for each in found if each.partition in partitions]

    async def newest_time(self, topic: str) -> float | None:
        """See ``Survey``."""
        assert topic == CONTROL
        return self._cluster.newest

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        offsets = self._cluster.offsets
        return {at: offsets.get(at) for at in partitions}


def worker_at(host: str, *topics: str) -> GroupMember:
    """Return a member of the group that is a worker of this service."""
    return GroupMember("notification-worker", host, topics or (SOURCE,))
