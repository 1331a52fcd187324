"""Topics and committed offsets, asked of the cluster itself."""

import asyncio
import random
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from aiokafka import TopicPartition as Theirs
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import TopicAuthorizationFailedError, for_code

from app.edges.kafka.client import Client, new_admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.probe import listens
from app.policies.books.commit_metadata import Committed, read_commit
from app.values.errors import BrokersUnreachableError, KafkaUnavailableError
from app.values.record import TopicPartition
from app.values.topic import TopicState

UNKNOWN_TOPIC = 3
REACH_PATIENCE = 3.0
"""Seconds that it may take to connect to a broker."""
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
                await self._reach_a_broker()
        except BaseException:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.close()

    async def _reach_a_broker(self) -> None:
        """Connect to any broker at the address that the cluster gives for it.

        The bootstrap addresses are asked for these only: it is here that they have to be right.
        """
        client = self._client._client  # noqa: SLF001 - it tells no addresses
        brokers = list(client.cluster.brokers())
        if not brokers or await _is_ready(client, random.choice(brokers).nodeId):  # noqa: S311 - not a secret
            return
        knocks = (listens(broker.host, broker.port, REACH_PATIENCE) for broker in brokers)
        for broker, there in zip(brokers, await asyncio.gather(*knocks), strict=True):
            if there and await _is_ready(client, broker.nodeId):
                return
        addresses = sorted(f"{broker.host}:{broker.port}" for broker in brokers)
        raise BrokersUnreachableError(self._connection.bootstrap_servers, addresses)

    async def topics(self, names: Collection[str]) -> dict[str, TopicState]:
        """Return those of these topics that are there; asking creates none.

        Raises:
            KafkaRefusedError: One may not be seen; the text names each such topic.
            KafkaUnavailableError: Kafka did not answer.
        """
        found, failed = await self._described(names)
        for code in set(failed.values()):
            hidden = ", ".join(sorted(name for name, why in failed.items() if why == code))
            with translated("describe topics"):
                raise for_code(code)(hidden)
        return found

    async def visible(self, names: Collection[str]) -> dict[str, TopicState]:
        """Return those of these topics that are there and that this user may see."""
        found, _ = await self._described(names)
        return found

    async def _described(
        self, names: Collection[str]
    ) -> tuple[dict[str, TopicState], dict[str, int]]:
        """Return the topics that are there, and the codes of those that nothing is told of."""
        with translated("describe topics"):
            described = await self._client.describe_topics(list(names))
        found: dict[str, TopicState] = {}
        failed: dict[str, int] = {}
        for topic in described:
            code, name, partitions = topic["error_code"], topic["topic"], topic["partitions"]
            if partitions:  # even if one of them has no leader now
                replicas = min(len(partition["replicas"]) for partition in partitions)
                found[name] = TopicState(len(partitions), replicas)
            elif code not in (0, UNKNOWN_TOPIC):
                failed[name] = code
        return found, failed

    async def committed(
        self, group_id: str, partitions: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, Committed | None]:
        """Return the group's commits, by partition; None if there is none.

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
            # While the coordinator is still loading, the answer is empty and no error is raised.
            raise KafkaUnavailableError(
                f"Kafka did not read committed offsets: {len(missing)} partitions were left out"
            )
        return {partition: found[partition] for partition in wanted}

    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Delete everything below the given offset of each partition."""
        theirs = {Theirs(*tp): RecordsToDelete(offset) for tp, offset in offsets.items()}
        with translated("delete records that are done", "Delete"):
            try:
                await self._client.delete_records(theirs)
            except TopicAuthorizationFailedError as error:  # it does not say on which
                topics = ", ".join(sorted({topic for topic, _ in offsets}))
                raise TopicAuthorizationFailedError(topics) from error


async def _is_ready(client: Client, node: int) -> bool:
    """Say whether a broker can be connected to in time."""
    try:
        async with asyncio.timeout(REACH_PATIENCE):
            return bool(await client.ready(node))
    except TimeoutError:
        return False
