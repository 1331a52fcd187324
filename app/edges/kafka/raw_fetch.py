"""Fetches batches that aiokafka's consumer cannot decode, or not soon enough."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.fetch import FetchRequest

from app.edges.kafka.protocol import by_leader
from app.edges.kafka.record_batch import Stretch, is_sound, read_batch
from app.values.record import TopicPartition

FETCH_BYTES = 8 * 1024 * 1024  # of a partition; Kafka sends a larger first batch as a whole
FETCH_WAIT_MS = 50
TRIES = 3
"""A batch that is corrupt on its way is sound when it is fetched again; one on disk is not."""
_READ_COMMITTED = 1


class RawFetch:
    """Reads the next batch of partitions over a consumer's own connections.

    Args:
        consumer: Assigned to the partitions; its own positions are neither used nor moved.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def read(
        self, positions: Mapping[TopicPartition, int], most: int
    ) -> dict[TopicPartition, Stretch]:
        """Return the first batch from each position on, of those partitions that have one.

        Args:
            most: Records of one partition.

        Raises:
            KafkaError: A broker did not answer, or said no.
        """
        found: dict[TopicPartition, Stretch] = {}
        pending = dict(positions)
        for last in (False,) * (TRIES - 1) + (True,):
            for partition, (data, aborted) in (await self._fetch(pending)).items():
                position = positions[partition]
                if await asyncio.to_thread(is_sound, data) or last:
                    stretch = await asyncio.to_thread(
                        read_batch, partition, position, data, aborted, most
                    )
                    if stretch is not None:
                        found[partition] = stretch
                    del pending[partition]
            if not pending:
                break
        return found

    async def _fetch(
        self, positions: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, tuple[bytes, frozenset[tuple[int, int]]]]:
        """Ask every leader once; partitions without one, or without records, are left out.

        Those with an error too: the consumer meets it, and knows what to do.
        """
        client: Any = self._consumer._client  # noqa: SLF001 - it has no public way to a raw fetch
        by_leaders, _ = by_leader(client, positions)
        answers = {}
        for leader, led in by_leaders.items():
            topics: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
            for each in led:
                topics[each.topic].append((each.partition, positions[each], FETCH_BYTES))
            request = FetchRequest(
                FETCH_WAIT_MS, 1, FETCH_BYTES, _READ_COMMITTED, list(topics.items()), rack_id=""
            )
            response = await client.send_whole(leader, request)
            for topic, partitions in response.topics:
                for number, code, _, *rest in partitions:
                    if not code and rest[-1]:
                        aborted = frozenset((who, first) for who, first in _aborted(response, rest))
                        answers[TopicPartition(topic, number)] = (bytes(rest[-1]), aborted)
        return answers


def _aborted(response: Any, rest: list[Any]) -> list[tuple[int, int]]:
    """Return the aborted transactions of an answer, whose place differs by version."""
    if response.API_VERSION < 4:
        return []
    return rest[2 if response.API_VERSION >= 11 else -2] or []
