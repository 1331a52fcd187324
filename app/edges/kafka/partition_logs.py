"""The logs of partitions: their beginnings and ends, and the topics' ids.

aiokafka's own calls ask for what the consumer may read: with ``read_committed`` an open transaction
hides from them what stands behind it. And one partition without an answer keeps them from telling
about the others.
"""

import asyncio
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest

from app.edges.kafka.errors import translated
from app.edges.kafka.protocol import by_leader, by_topic
from app.edges.kafka.topic_ids import topic_ids
from app.values.record import TopicPartition

TIMEOUT = 10.0
PAUSE = 0.1
_STALE = (LeaderNotAvailableError, NotLeaderForPartitionError, UnknownTopicOrPartitionError)


class Bound(Enum):
    """A place in a log, as ListOffsets asks for it: time and isolation level."""

    START = (-2, 0)
    END = (-1, 0)
    READABLE_END = (-1, 1)


class PartitionLogs:
    """Asks the leaders of partitions about their logs.

    The end of a log is its high watermark: the offset that the next record will get, whatever
    transactions are open. Every method raises ``KafkaUnavailableError`` or ``KafkaRefusedError``.

    Args:
        client: Connected by the time of the first question, and has learnt who leads.
    """

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def learn(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of those topics that are there, and learn who leads them.

        It knows nothing of other topics afterwards: not for a consumer's client.
        """
        with translated("list topics"):
            self._client.set_topics(topics)
            if not await self._client.force_metadata_update():
                raise KafkaConnectionError("no broker says what topics there are")
        told = self._client.cluster.partitions_for_topic
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(told(topic) or ())
        ]

    async def starts(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the first offset still there of every one of the partitions."""
        return await self._all(partitions, Bound.START)

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the end of the log of every one of the partitions."""
        return await self._all(partitions, Bound.END)

    async def readable_ends(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return where the oldest open transaction of each log begins, else the log's end."""
        return await self._all(partitions, Bound.READABLE_END)

    async def known_starts(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the first offsets of those logs whose leaders can tell at once."""
        return await self._known(partitions, Bound.START)

    async def known_ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the ends of those logs whose leaders can tell at once."""
        return await self._known(partitions, Bound.END)

    async def known_readable_ends(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return ``readable_ends`` of those logs whose leaders can tell at once."""
        return await self._known(partitions, Bound.READABLE_END)

    async def topic_ids(self, topics: Collection[str]) -> Mapping[str, str | None]:
        """Return the id of each topic that is there; None if the brokers know no ids."""
        with translated("tell the ids of its topics"):
            return await topic_ids(self._client, topics)

    async def _known(
        self, partitions: Collection[TopicPartition], bound: Bound
    ) -> dict[TopicPartition, int]:
        with translated("tell the ends of its logs"):
            async with asyncio.timeout(TIMEOUT):
                found, failure = await self._ask_leaders(partitions, bound)
                if failure is not None and not found:
                    raise failure
        return found

    async def _all(
        self, partitions: Collection[TopicPartition], bound: Bound
    ) -> dict[TopicPartition, int]:
        """Ask until all are told about: leaders move, and the client learns of it."""
        found: dict[TopicPartition, int] = {}
        with translated("tell the ends of its logs"):
            async with asyncio.timeout(TIMEOUT):
                while missing := [each for each in partitions if each not in found]:
                    told, failure = await self._ask_leaders(missing, bound)
                    if failure is not None and not failure.retriable:
                        raise failure
                    found |= told
                    if len(told) < len(missing):
                        await asyncio.sleep(PAUSE)
        return found

    async def _ask_leaders(
        self, partitions: Collection[TopicPartition], bound: Bound
    ) -> tuple[dict[TopicPartition, int], KafkaError | None]:
        """Ask each leader once; return what they told, and why it is not all, if it is not."""
        by_leaders, leaderless = by_leader(self._client, partitions)
        failure: KafkaError | None = None
        for topic, number in leaderless:
            failure = LeaderNotAvailableError(f"{topic}/{number}")
        found: dict[TopicPartition, int] = {}
        for told, error in await asyncio.gather(
            *(self._ask(leader, each, bound) for leader, each in by_leaders.items())
        ):
            found |= told
            failure = error or failure
        if isinstance(failure, _STALE):
            self._client.force_metadata_update()
        return found, failure

    async def _ask(
        self, leader: int, partitions: Collection[TopicPartition], bound: Bound
    ) -> tuple[dict[TopicPartition, int], KafkaError | None]:
        time, isolation = bound.value
        topics = [
            (topic, [(number, time) for number in numbers])
            for topic, numbers in by_topic(partitions).items()
        ]
        request = OffsetRequest(-1, isolation, topics)
        try:
            answer: Any = await self._client.send(leader, request)
        except KafkaError as error:
            return {}, error
        found: dict[TopicPartition, int] = {}
        failure: KafkaError | None = None
        for topic, told in answer.topics:
            for number, code, *_, offset in told:
                if code:
                    failure = for_code(code)(f"{topic}/{number}")
                else:
                    found[TopicPartition(topic, number)] = offset
        return found, failure
