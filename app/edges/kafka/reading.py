"""Asks whether partitions can be read, without reading anything."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

from aiokafka import TopicPartition as Theirs
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from app.edges.kafka.fetch_watch import NO_LEADER, OFFSET_OUT_OF_RANGE
from app.values.record import TopicPartition

_NEVER: Final = 2**62  # an offset that no log has: rights and leaders are looked at before


async def unreadable(
    client: AIOKafkaClient, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return Kafka's error code for each partition that cannot be read; the others are left out.

    Args:
        client: Connected, and has learnt who leads these partitions.

    Raises:
        KafkaError: A broker did not answer.
    """
    found: dict[TopicPartition, int] = {}
    by_leader: defaultdict[int, defaultdict[str, list[tuple[int, int, int]]]]
    by_leader = defaultdict(lambda: defaultdict(list))
    for partition in partitions:
        leader = client.cluster.leader_for_partition(Theirs(*partition))
        if leader is None or leader < 0:
            found[partition] = NO_LEADER
        else:
            by_leader[leader][partition.topic].append((partition.partition, _NEVER, 1))
    for leader, topics in by_leader.items():
        request = FetchRequest(0, 0, 1, 0, list(topics.items()), rack_id="")
        answer: Any = await client.send(leader, request)
        found |= {
            TopicPartition(topic, number): code
            for topic, told in answer.topics
            for number, code, *_ in told
            if code not in {0, OFFSET_OUT_OF_RANGE}
        }
    return found
