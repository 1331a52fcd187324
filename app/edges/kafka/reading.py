"""Asks whether partitions can be read, without reading anything."""

from collections.abc import Collection
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from app.edges.kafka.fetch_watch import NO_LEADER, OFFSET_OUT_OF_RANGE
from app.edges.kafka.protocol import by_leader, by_topic
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
    by_leaders, leaderless = by_leader(client, partitions)
    found = dict.fromkeys(leaderless, NO_LEADER)
    for leader, led in by_leaders.items():
        topics = [
            (topic, [(number, _NEVER, 1) for number in numbers])
            for topic, numbers in by_topic(led).items()
        ]
        request = FetchRequest(0, 0, 1, 0, topics, rack_id="")
        answer: Any = await client.send(leader, request)
        found |= {
            TopicPartition(topic, number): code
            for topic, told in answer.topics
            for number, code, *_ in told
            if code not in {0, OFFSET_OUT_OF_RANGE}
        }
    return found
