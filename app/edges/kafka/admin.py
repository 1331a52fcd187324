"""Topics and committed offsets, asked of the cluster itself."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self

from aiokafka import TopicPartition as Theirs
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.produce import ProduceRequest

from app.edges.kafka.client import new_admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.policies.commit_metadata import Committed, read_commit
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

UNKNOWN_TOPIC = 3
USUAL_MAX_MESSAGE_BYTES = 1_048_588
"""Kafka's default, for topics whose settings this user may not read."""
_TIMEOUT_MS = 10_000


class Admin:
    """One admin connection; use it as an async context manager."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = new_admin(connection, request_timeout_ms=_TIMEOUT_MS)

    async def __aenter__(self) -> Self:
        try:
            with translated("open an admin connection"):
                await self._client.start()
        except BaseException:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.close()

    async def create_missing(
        self,
        topics: Mapping[str, Mapping[str, str]],
        partitions: int,
        replication_factor: int | None,
    ) -> list[str]:
        """Create the topics that are not there and return their names.

        Args:
            topics: Names, each with the settings it is to have.
            partitions: Number of partitions of a new topic.
            replication_factor: Replicas of each; None takes the broker's default.

        Raises:
            KafkaRefusedError: Not allowed, or an invalid topic.
            KafkaUnavailableError: Kafka did not answer.
        """
        counts = await self.partition_counts(topics)
        if self._connection.embedded:
            return []  # asking about a topic has made it there
        missing = [name for name, count in counts.items() if not count]
        if not missing:
            return []
        with translated(f"create the topics {', '.join(missing)}"):
            response = await self._client.create_topics(
                [_new_topic(name, topics[name], partitions, replication_factor) for name in missing]
            )
        refused = {
            name: f"{error.__name__}: {next((str(part) for part in detail if part), 'no reason')}"
            for name, code, *detail in response.topic_errors
            if code and (error := for_code(code)) is not TopicAlreadyExistsError
        }
        if refused:
            raise KafkaRefusedError(
                f"Kafka refused to create {', '.join(refused)} "
                f"({'; '.join(sorted(set(refused.values())))}): "
                "create each by hand or allow this user Create on it"
            )
        log.info("created the topics %s with %d partitions", ", ".join(missing), partitions)
        return missing

    async def partition_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return the number of partitions by topic; 0 where there is no such topic."""
        with translated("describe topics"):
            described = await self._client.describe_topics(list(topics))
        failed: dict[int, list[str]] = {}
        counts = dict.fromkeys(topics, 0)
        for topic in described:
            code, name = topic["error_code"], topic["topic"]
            counts[name] = len(topic["partitions"])
            if code not in (0, UNKNOWN_TOPIC):
                failed.setdefault(code, []).append(name)
        for code, names in failed.items():
            with translated("describe topics"):
                raise for_code(code)(", ".join(sorted(names)))
        return counts

    async def largest_record(self, topics: Collection[str]) -> int:
        """Return the largest batch in bytes that any of these topics takes."""
        if self._connection.embedded:
            return USUAL_MAX_MESSAGE_BYTES
        try:
            configs = await self.topic_configs(topics)
        except KafkaRefusedError:
            return USUAL_MAX_MESSAGE_BYTES
        return max(int(config["max.message.bytes"]) for config in configs.values())

    async def topic_configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the settings in force of topics that are there, by topic and name."""
        wanted = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        configs: dict[str, dict[str, str]] = {}
        with translated("describe the settings of topics"):
            for response in await self._client.describe_configs(wanted):
                for code, _, _, topic, entries in response.resources:
                    if code:
                        raise for_code(code)(topic)
                    configs[topic] = {name: value for name, value, *_ in entries}
        return configs

    async def prove_writable(self, topics: Iterable[str]) -> None:
        """Ask whether this user may write to topics, without writing anything.

        Brokers look at the right to write before they look at what is written: records that are
        none are refused in another way.

        Raises:
            KafkaRefusedError: It may not; the text names the right and each topic without it.
            KafkaUnavailableError: Kafka did not answer.
        """
        if self._connection.embedded:
            return
        client: Any = self._client._client  # noqa: SLF001 - it has no public way to a raw request
        nothing = [(topic, [(0, b"")]) for topic in topics]
        with translated("say whether topics can be written"):
            node = client.get_random_node()
            request = ProduceRequest(None, -1, _TIMEOUT_MS, nothing)
            response = await client.send(node, request)
        if closed := [
            topic
            for topic, partitions in response.topics
            if for_code(partitions[0][1]) is TopicAuthorizationFailedError
        ]:
            raise KafkaRefusedError(
                f"Kafka lets this user not write to {', '.join(closed)}: allow it Write on each"
            )

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """Return what the group has committed, by partition; None where there is nothing.

        Raises:
            KafkaUnavailableError: Kafka does not know at the moment, which is not the same.
        """
        wanted = list(partitions)
        if not wanted:
            return {}
        with translated("read committed offsets"):
            answer = await self._client.list_consumer_group_offsets(
                group_id, partitions=[Theirs(*partition) for partition in wanted]
            )
        found = {
            TopicPartition(*tp): read_commit(meta.offset, meta.metadata)
            for tp, meta in answer.items()
        }
        if missing := set(wanted) - found.keys():
            # Where the coordinator is still loading, the answer is empty and no error is raised.
            raise KafkaUnavailableError(
                f"Kafka did not read committed offsets: {len(missing)} partitions were left out"
            )
        return {partition: found[partition] for partition in wanted}

    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Delete everything below the given offset of each partition."""
        with translated("delete records that are done"):
            await self._client.delete_records(
                {Theirs(*tp): RecordsToDelete(offset) for tp, offset in offsets.items()}
            )


def _new_topic(
    name: str, config: Mapping[str, str], partitions: int, replication_factor: int | None
) -> NewTopic:
    if replication_factor is None:
        # With empty assignments aiokafka passes -1 on, which leaves the factor to the brokers.
        return NewTopic(name, partitions, -1, replica_assignments={}, topic_configs=dict(config))
    return NewTopic(name, partitions, replication_factor, topic_configs=dict(config))
