"""Topic ids (KIP-516): they tell a topic from another one of the same name.

aiokafka 0.14 speaks Metadata up to version 5, without them: here is version 10, asked over the
connections of any of its clients. Asking never creates a topic.
"""

import asyncio
import base64
import random
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.types import Boolean, CompactArray, Int16, Int32, Schema

from app.edges.kafka.protocol import NO_TAGS, TAGS, TEXT, RawRequest, form_of, rows

PATIENCE: Final = 3.0
"""Seconds that one broker has to answer; then another one is asked."""
_NONE: Final = bytes(16)


class Uuid(AbstractType[str]):  # type: ignore[misc]  # aiokafka ships no types
    """Sixteen bytes, as Kafka's own tools print them; empty if a broker knows no ids."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        """See ``AbstractType``."""
        return base64.urlsafe_b64decode(value + "==") if value else _NONE

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        """See ``AbstractType``."""
        raw = data.read(16)
        return "" if raw == _NONE else base64.urlsafe_b64encode(raw).decode().rstrip("=")


_PARTITIONS = rows(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
)
_TOPICS = rows(
    ("error_code", Int16),
    ("topic", TEXT),
    ("topic_id", Uuid),
    ("is_internal", Boolean),
    ("partitions", _PARTITIONS),
    ("authorized_operations", Int32),
)
_METADATA = form_of(
    3,
    10,
    Schema(
        ("topics", rows(("topic_id", Uuid), ("topic", TEXT))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        TAGS,
    ),
    Schema(
        ("throttle_time_ms", Int32),
        ("brokers", rows(("node_id", Int32), ("host", TEXT), ("port", Int32), ("rack", TEXT))),
        ("cluster_id", TEXT),
        ("controller_id", Int32),
        ("topics", _TOPICS),
        ("authorized_operations", Int32),
        TAGS,
    ),
)


async def topic_ids(client: AIOKafkaClient, topics: Collection[str]) -> Mapping[str, str | None]:
    """Return the id of each topic; None if brokers are too old (before 2.8) to have them.

    Topics that are not there, or that this user may not see, are left out.

    Raises:
        KafkaError: No broker answered.
    """
    try:
        named = [("", topic, NO_TAGS) for topic in topics]
        request = RawRequest(_METADATA, named, False, False, False, NO_TAGS)
        answer = await _ask_anyone(client, request)
    except NotImplementedError:  # aiokafka's word for a version that no broker speaks
        return dict.fromkeys(topics)
    return {topic: topic_id or None for code, topic, topic_id, *_ in answer.topics if not code}


async def _ask_anyone(client: AIOKafkaClient, request: RawRequest) -> Any:
    """Ask one broker after the other until one answers: any of them knows, any may hang."""
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    failure: Exception = KafkaConnectionError("no broker is known")
    for node in random.sample(nodes, len(nodes)):
        try:
            async with asyncio.timeout(PATIENCE):
                return await client.send(node, request)
        except (KafkaError, TimeoutError) as error:
            failure = error
    raise failure
