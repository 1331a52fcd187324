"""Questions to a cluster about all but its topics; nothing is changed."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.edges.kafka.errors import translated
from app.edges.kafka.groups import describe_group
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.reading import unreadable
from app.edges.kafka.rights import denied, denied_on_group
from app.edges.kafka.saved_commits import read_saved
from app.edges.kafka.topic_admin import TopicAdmin
from app.edges.kafka.transactions import OpenTransaction, transaction_holders
from app.policies.books.saved_commits import Saved
from app.values.group import Group
from app.values.record import TopicPartition
from app.values.rights import Right

_REQUEST_TIMEOUT = 5.0


class Survey(TopicAdmin):
    """An admin connection that only reads.

    Every method raises ``KafkaUnavailableError`` or ``KafkaRefusedError``.
    """

    async def brokers(self) -> Sequence[tuple[str, int]]:
        """Return host and port of every broker, as the cluster gives them to its clients."""
        brokers = self._client._client.cluster.brokers()  # noqa: SLF001 - as in Admin
        return sorted((broker.host, broker.port) for broker in brokers)

    async def group(self, group_id: str) -> Group:
        """Return a group with all its members, whichever protocol they use."""
        with translated("describe the consumer group"):
            return await describe_group(self._client, group_id)

    async def group_limit(self) -> int | None:
        """Return how many members the brokers allow a group; None if this user may not know."""
        brokers = list(self._client._client.cluster.brokers())  # noqa: SLF001 - as in Admin
        if not brokers:
            return None
        wanted = ConfigResource(ConfigResourceType.BROKER, str(brokers[0].nodeId))
        with translated("describe the settings of brokers"):
            [response] = await self._client.describe_configs([wanted])
        [(_, _, _, _, entries)] = response.resources
        found = {name: value for name, value, *_ in entries}
        return int(found["group.max.size"]) if "group.max.size" in found else None

    async def denied(self, right: Right, topics: Collection[str]) -> frozenset[str]:
        """Return those topics on which this user lacks a right; found out by trying."""
        with translated(f"say whether topics allow {right.value}"):
            return await denied(self._client, right, topics)

    async def denied_on_group(self, rights: Sequence[Right], group_id: str) -> Sequence[Right]:
        """Return those rights on a group that this user lacks; found out by trying."""
        with translated("say whether the group may be used"):
            return await denied_on_group(self._client, rights, group_id)

    async def log_ranges(self, topics: Collection[str]) -> dict[TopicPartition, range]:
        """Return the offsets that are in the logs of topics now, of those that are there.

        They end at the high watermark, even if transactions are open.
        """
        partitions = await self._partitions(topics)
        starts, ends = await asyncio.gather(
            self._logs.starts(partitions), self._logs.ends(partitions)
        )
        return {each: range(starts[each], ends[each]) for each in partitions}

    async def unreadable(self, topics: Collection[str]) -> dict[TopicPartition, int]:
        """Return Kafka's error code for each partition of these topics that cannot be read."""
        partitions = await self._partitions(topics)
        with translated("say what can be read"):
            return await unreadable(self._client._client, partitions)  # noqa: SLF001 - as in Admin

    async def topic_ids(self, topics: Collection[str]) -> Mapping[str, str | None]:
        """Return the id of each topic that is there; None if the brokers know no ids."""
        return await self._logs.topic_ids(topics)

    async def saved(self, control_topic: str, group_id: str) -> Saved:
        """Return a group's commits that the control topic keeps."""
        return await read_saved(self._connection, control_topic, group_id)

    async def open_transactions(
        self, partitions: Collection[TopicPartition]
    ) -> Sequence[OpenTransaction]:
        """Return the oldest open transaction of each partition that has one and hides records."""
        readable, ends = await asyncio.gather(
            self._logs.readable_ends(partitions), self._logs.ends(partitions)
        )
        held = [each for each in partitions if readable[each] < ends[each]]
        if not held:
            return []
        with translated("tell what transactions are open"):
            holders = await transaction_holders(self._client._client, held)  # noqa: SLF001 - as in Admin
        return [
            OpenTransaction(each, readable[each], ends[each], holders.get(each)) for each in held
        ]

    @property
    def _logs(self) -> PartitionLogs:
        return PartitionLogs(self._client._client)  # noqa: SLF001 - as in Admin

    async def _partitions(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of those topics that are there, and learn who leads them."""
        with translated("list topics"):
            metadata = await self._client._get_cluster_metadata(list(topics))  # noqa: SLF001 - it keeps no leaders otherwise
        self._client._client.cluster.update_metadata(metadata)  # noqa: SLF001
        return [
            TopicPartition(topic["topic"], each["partition"])
            for topic in metadata.to_object()["topics"]
            for each in topic["partitions"]
        ]

    async def newest_time(self, topic: str) -> float | None:
        """Return the newest time that a record of a topic bears, in seconds since the epoch.

        None if there is no record, or no such topic.
        """
        with translated(f"hand over what was written last to {topic}"):
            async with LogReader(self._connection, topic, _REQUEST_TIMEOUT) as reader:
                ends = {
                    number: range(offsets.stop - 1, offsets.stop)
                    for number, offsets in (await reader.ranges()).items()
                    if offsets
                }
                stretches = await reader.read(ends, lambda _: True) if ends else {}
        times = [each.timestamp for last in stretches.values() for each in last.records]
        return max(times, default=None)
