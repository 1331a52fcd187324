"""Topics and committed offsets, asked of the cluster itself."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from aiokafka import TopicPartition as Theirs
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.values.errors import KafkaRefusedError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

UNKNOWN_OFFSET = -1
UNKNOWN_TOPIC = 3


class Admin:
    """One admin connection; use it as an async context manager."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = AIOKafkaAdminClient(request_timeout_ms=10_000, **connection.options)

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
        self, topics: Iterable[str], partitions: int, replication_factor: int | None
    ) -> list[str]:
        """Create the topics that are not there and return their names.

        Args:
            topics: Names.
            partitions: Number of partitions of a new topic.
            replication_factor: Replicas of each; None takes the broker's default.

        Raises:
            KafkaRefusedError: Not allowed, or an invalid topic.
            KafkaUnavailableError: Kafka did not answer.
        """
        wanted = list(dict.fromkeys(topics))
        if self._connection.embedded:
            await self.partition_counts(wanted)  # asking about a topic makes it there
            return []
        missing = [
            name for name, count in (await self.partition_counts(wanted)).items() if not count
        ]
        if not missing:
            return []
        with translated(f"create the topics {', '.join(missing)}"):
            response = await self._client.create_topics(
                [_new_topic(name, partitions, replication_factor) for name in missing]
            )
        for name, code, *detail in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                reason = next((str(part) for part in detail if part), error.__name__)
                raise KafkaRefusedError(
                    f"Kafka refused to create the topic {name} ({error.__name__}: {reason}); "
                    "create it by hand or allow this user Create on it"
                )
        log.info("created the topics %s with %d partitions", ", ".join(missing), partitions)
        return missing

    async def partition_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return the number of partitions by topic; 0 where there is no such topic."""
        with translated("describe topics"):
            described = await self._client.describe_topics(list(topics))
        counts = dict.fromkeys(topics, 0)
        for topic in described:
            code = topic["error_code"]
            if code not in (0, UNKNOWN_TOPIC):
                error = for_code(code)
                with translated(f"describe the topic {topic['topic']}"):
                    raise error(topic["topic"])
            counts[topic["topic"]] = len(topic["partitions"])
        return counts

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, int | None]:
        """Return the group's committed offset by partition; None where there is none."""
        wanted = list(partitions)
        if not wanted:
            return {}
        with translated("read committed offsets"):
            answer = await self._client.list_consumer_group_offsets(
                group_id, partitions=[Theirs(*partition) for partition in wanted]
            )
        offsets = {TopicPartition(*tp): meta.offset for tp, meta in answer.items()}
        return {
            tp: None if (offset := offsets.get(tp, UNKNOWN_OFFSET)) == UNKNOWN_OFFSET else offset
            for tp in wanted
        }


def _new_topic(name: str, partitions: int, replication_factor: int | None) -> NewTopic:
    if replication_factor is None:
        # With empty assignments aiokafka passes -1 on, which leaves the factor to the brokers.
        return NewTopic(name, partitions, -1, replica_assignments={})
    return NewTopic(name, partitions, replication_factor)
