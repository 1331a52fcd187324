"""Who has a transaction open on a partition: DescribeProducers and ListTransactions (KIP-664).

aiokafka 0.14 does not speak them; here they are asked over its connections.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.types import CompactArray, Int16, Int32, Int64, Schema
from msgspec.structs import replace

from app.edges.kafka.protocol import (
    NO_TAGS,
    TAGS,
    TEXT,
    RawRequest,
    by_leader,
    by_topic,
    form_of,
    rows,
)
from app.values.record import TopicPartition


class Holder(msgspec.Struct, frozen=True):
    """A producer with a transaction open."""

    producer_id: int  # as Kafka numbers producers
    last_written: float  # seconds since the epoch when it last wrote to the partition
    transactional_id: str | None = None  # its name; None if this user may not see it


class OpenTransaction(msgspec.Struct, frozen=True):
    """The oldest transaction that is open on a partition."""

    partition: TopicPartition
    offset: int  # its first record; consumers that read committed records get no further
    end: int  # the end of the log
    holder: Holder | None  # whose it is; None if the brokers do not tell


_OPEN = rows(
    ("producer_id", Int64),
    ("producer_epoch", Int32),
    ("last_sequence", Int32),
    ("last_timestamp", Int64),
    ("coordinator_epoch", Int32),
    ("transaction_start", Int64),
)
_PARTITIONS = rows(
    ("partition", Int32), ("error_code", Int16), ("error_message", TEXT), ("producers", _OPEN)
)
_PRODUCERS = form_of(
    61,
    0,
    Schema(("topics", rows(("topic", TEXT), ("partitions", CompactArray(Int32)))), TAGS),
    Schema(
        ("throttle_time_ms", Int32),
        ("topics", rows(("topic", TEXT), ("partitions", _PARTITIONS))),
        TAGS,
    ),
)
_TRANSACTIONS = form_of(
    66,
    0,
    Schema(("states", CompactArray(TEXT)), ("producer_ids", CompactArray(Int64)), TAGS),
    Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_states", CompactArray(TEXT)),
        (
            "transactions",
            rows(("transactional_id", TEXT), ("producer_id", Int64), ("state", TEXT)),
        ),
        TAGS,
    ),
)


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
    by_leaders, _ = by_leader(client, partitions)
    found: dict[TopicPartition, Holder] = {}
    for leader, led in by_leaders.items():
        topics = [(topic, numbers, NO_TAGS) for topic, numbers in by_topic(led).items()]
        try:
            request = RawRequest(_PRODUCERS, topics, NO_TAGS)
            found |= _oldest(await client.send(leader, request))
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
    request = RawRequest(_TRANSACTIONS, (), list(producer_ids), NO_TAGS)
    for broker in client.cluster.brokers() if producer_ids else ():
        try:
            answer: Any = await client.send(broker.nodeId, request)
        except (KafkaError, NotImplementedError):
            continue
        names |= {producer: name for name, producer, _, _ in answer.transactions}
    return names
