"""What the doctor asks of a cluster; nothing is changed by it."""

import asyncio
from collections.abc import Collection, Sequence
from itertools import chain

from aiokafka.errors import for_code

from app.edges.kafka.admin import Admin
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.reading import unreadable
from app.edges.kafka.transactions import OpenTransaction, transaction_holders
from app.values.record import TopicPartition

_REQUEST_TIMEOUT = 5.0


class Survey(Admin):
    """An admin connection that looks around.

    Every method raises ``KafkaUnavailableError`` or ``KafkaRefusedError``.
    """

    async def brokers(self) -> Sequence[tuple[str, int]]:
        """Return host and port of every broker, as the cluster gives them to its clients."""
        with translated("describe the cluster"):
            cluster = await self._client.describe_cluster()
        return [(broker["host"], broker["port"]) for broker in cluster["brokers"]]

    async def topics(self) -> dict[str, int]:
        """Return the number of partitions of every topic that this user may see.

        Asking for a topic by its name might create it.
        """
        with translated("list topics"):
            described = await self._client.describe_topics()
        return {topic["topic"]: len(topic["partitions"]) for topic in described}

    async def members(self, group_id: str) -> Sequence[str]:
        """Return the host of every member of the group; a host may be there twice."""
        hosts: list[str] = []
        with translated("describe the consumer group"):
            responses = await self._client.describe_consumer_groups([group_id])
            for code, _, _, _, _, members, *_ in chain(*(each.groups for each in responses)):
                _raise_for(code, group_id)
                hosts += [host.removeprefix("/") for _, _, host, *_ in members]
        return sorted(hosts)

    async def log_ranges(self, topics: Collection[str]) -> dict[TopicPartition, range]:
        """Return the offsets that are in the logs of topics now, of those that are there.

        They end at the high watermark, whatever transactions are open.
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
            # Asking for a topic by its name might create it.
            metadata = await self._client._get_cluster_metadata()  # noqa: SLF001 - it keeps no leaders otherwise
        self._client._client.cluster.update_metadata(metadata)  # noqa: SLF001
        return [
            TopicPartition(topic["topic"], each["partition"])
            for topic in metadata.to_object()["topics"]
            if topic["topic"] in topics
            for each in topic["partitions"]
        ]

    async def newest_time(self, topic: str) -> float | None:
        """Return the newest time that a record of a topic bears, in seconds since the epoch.

        None where there is no record, or no such topic.
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


def _raise_for(code: int, subject: str) -> None:
    if code:
        raise for_code(code)(subject)
