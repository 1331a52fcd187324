"""A cluster as the doctor sees it, without Kafka."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from app.edges.kafka.survey import Survey
from app.edges.kafka.transactions import OpenTransaction
from app.policies.commit_metadata import Committed
from app.values.errors import NotifierError
from app.values.record import TopicPartition

SOURCE, DEAD = "notifications", "notifications.dlq"
RETRY = "notifications.retry.notification_worker_group"
CONTROL = "notifications.control.notification_worker_group"
USUAL = {
    "cleanup.policy": "delete",
    "max.message.bytes": "1000",
    "message.timestamp.type": "CreateTime",
    "retention.ms": "604800000",
}
_QUEUE = {"max.message.bytes": "66536"}
NEEDED: Mapping[str, Mapping[str, str]] = {
    DEAD: _QUEUE,
    **{
        f"{RETRY}.{delay}": _QUEUE | {"message.timestamp.type": "LogAppendTime"}
        for delay in ("0s", "30s", "2m", "10m", "1h")
    },
    CONTROL: {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"},
}
"""The service's own topics with what they need beside the usual."""


@dataclass
class Cluster:
    """What a cluster would answer."""

    places: list[tuple[str, int]] = field(default_factory=list)
    partitions: dict[str, int] = field(
        default_factory=lambda: {SOURCE: 2, **dict.fromkeys(NEEDED, 3)}
    )
    configs: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            SOURCE: dict(USUAL),
            **{topic: {**USUAL, **needed} for topic, needed in NEEDED.items()},
        }
    )
    hosts: list[str] = field(default_factory=list)
    logs: dict[TopicPartition, range] = field(default_factory=dict)
    offsets: dict[TopicPartition, Committed] = field(default_factory=dict)
    failures: list[NotifierError] = field(default_factory=list)
    config_failure: NotifierError | None = None
    transactions: list[list[OpenTransaction]] = field(default_factory=lambda: [[]])
    newest: float | None = None
    unreadable: dict[TopicPartition, int] = field(default_factory=dict)


class FakeSurvey(Survey):
    """Answers from a ``Cluster``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing is open."""

    async def brokers(self) -> list[tuple[str, int]]:
        """See ``Survey``."""
        return self._cluster.places

    async def topics(self) -> dict[str, int]:
        """See ``Survey``."""
        return self._cluster.partitions

    async def topic_configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """See ``Survey``."""
        if self._cluster.config_failure:
            raise self._cluster.config_failure
        return {topic: self._cluster.configs[topic] for topic in topics}

    async def members(self, group_id: str) -> list[str]:
        """See ``Survey``."""
        assert group_id == "notification_worker_group"
        if self._cluster.failures:
            raise self._cluster.failures.pop()
        return self._cluster.hosts

    async def log_ranges(self, topics: Collection[str]) -> dict[TopicPartition, range]:
        """See ``Survey``."""
        return {at: each for at, each in self._cluster.logs.items() if at.topic in {*topics}}

    async def unreadable(self, topics: Collection[str]) -> dict[TopicPartition, int]:
        """See ``Survey``."""
        return {at: code for at, code in self._cluster.unreadable.items() if at.topic in topics}

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
