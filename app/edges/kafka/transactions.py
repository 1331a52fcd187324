"""Who has a transaction open on a partition: DescribeProducers and ListTransactions (KIP-664).

aiokafka 0.14 does not speak them; here they are asked over its connections.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition as Theirs
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)
from msgspec.structs import replace

from app.values.record import TopicPartition

_NO_TAGS: Mapping[int, bytes] = {}
_TEXT = CompactString("utf-8")


class Holder(msgspec.Struct, frozen=True):
    """A producer with a transaction open.

    Attributes:
        producer_id: As Kafka numbers producers.
        last_written: Seconds since the epoch when it last wrote to the partition.
        transactional_id: Its name; None if this user may not see it.
    """

    producer_id: int
    last_written: float
    transactional_id: str | None = None


class OpenTransaction(msgspec.Struct, frozen=True):
    """The oldest transaction that is open on a partition.

    Attributes:
        offset: Its first record; consumers that read committed records get no further.
        end: The end of the log.
        holder: Whose it is; None if the brokers do not tell.
    """

    partition: TopicPartition
    offset: int
    end: int
    holder: Holder | None


class _ProducersResponse(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _TEXT),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("transaction_start", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _ProducersStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 61
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _ProducersResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", _TEXT), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        ("tags", TaggedFields),
    )


class _Producers(Request[_ProducersStruct]):  # type: ignore[misc]
    API_KEY = 61

    def __init__(self, partitions: Collection[TopicPartition]) -> None:
        self._partitions = partitions

    def build(self, request_struct_class: type[_ProducersStruct]) -> _ProducersStruct:
        topics: defaultdict[str, list[int]] = defaultdict(list)
        for topic, number in self._partitions:
            topics[topic].append(number)
        return request_struct_class(
            [(topic, numbers, _NO_TAGS) for topic, numbers in topics.items()], _NO_TAGS
        )


class _TransactionsResponse(Response):  # type: ignore[misc]
    API_KEY = 66
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_states", CompactArray(_TEXT)),
        (
            "transactions",
            CompactArray(
                ("transactional_id", _TEXT),
                ("producer_id", Int64),
                ("state", _TEXT),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _TransactionsStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 66
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _TransactionsResponse
    SCHEMA = Schema(
        ("states", CompactArray(_TEXT)),
        ("producer_ids", CompactArray(Int64)),
        ("tags", TaggedFields),
    )


class _Transactions(Request[_TransactionsStruct]):  # type: ignore[misc]
    API_KEY = 66

    def __init__(self, producer_ids: Collection[int]) -> None:
        self._producer_ids = producer_ids

    def build(self, request_struct_class: type[_TransactionsStruct]) -> _TransactionsStruct:
        return request_struct_class((), list(self._producer_ids), _NO_TAGS)


async def transaction_holders(
    client: AIOKafkaClient, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, Holder]:
    """Return whose the oldest open transaction of each partition is.

    Partitions without one are left out; all are if the brokers are too old (before 2.8) to tell,
    and the names if they are older than 3.0.

    Args:
        client: Connected, and has learnt who leads these partitions.

    Raises:
        KafkaError: A broker did not answer.
    """
    by_leader: defaultdict[int, list[TopicPartition]] = defaultdict(list)
    for partition in partitions:
        by_leader[client.cluster.leader_for_partition(Theirs(*partition))].append(partition)
    found: dict[TopicPartition, Holder] = {}
    for leader, led in by_leader.items():
        try:
            found |= _oldest(await client.send(leader, _Producers(led)))
        except (IncompatibleBrokerVersion, NotImplementedError):
            continue  # what a broker does not speak
    names = await _names(client, {each.producer_id for each in found.values()})
    return {
        partition: replace(each, transactional_id=names.get(each.producer_id))
        for partition, each in found.items()
    }


def _oldest(answer: Any) -> dict[TopicPartition, Holder]:
    found = {}
    for topic, partitions, _ in answer.topics:
        for number, _, _, producers, _ in partitions:
            opened = [
                (start, producer, last / 1000)
                for producer, _, _, last, _, start, _ in producers
                if start >= 0
            ]
            if opened:
                _, producer, last = min(opened)
                found[TopicPartition(topic, number)] = Holder(producer, last)
    return found


async def _names(client: AIOKafkaClient, producer_ids: Collection[int]) -> dict[int, str]:
    """Ask every broker: each knows the transactions that it coordinates."""
    names: dict[int, str] = {}
    for broker in client.cluster.brokers() if producer_ids else ():
        try:
            answer: Any = await client.send(broker.nodeId, _Transactions(producer_ids))
        except (KafkaError, NotImplementedError):
            continue
        names |= {producer: name for name, producer, _, _ in answer.transactions}
    return names
