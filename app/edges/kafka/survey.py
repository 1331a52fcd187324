"""What the doctor asks of a cluster; nothing is changed by it."""

from collections.abc import Iterable, Sequence
from itertools import chain

from aiokafka.errors import for_code

from app.edges.kafka.admin import Admin
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
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

    async def log_ranges(self, topics: Iterable[str]) -> dict[TopicPartition, range]:
        """Return the offsets that are in the logs of topics now, of those that are there."""
        found: dict[TopicPartition, range] = {}
        for topic in topics:
            with translated(f"tell where the log of {topic} ends"):
                async with LogReader(self._connection, topic, _REQUEST_TIMEOUT) as reader:
                    ranges = await reader.ranges()
            found |= {TopicPartition(topic, number): each for number, each in ranges.items()}
        return found


def _raise_for(code: int, subject: str) -> None:
    if code:
        raise for_code(code)(subject)
