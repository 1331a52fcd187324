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
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

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


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        topics = [("", topic, dict[int, bytes]()) for topic in self._topics]
        return request_struct_class(topics, False, False, False, {})


async def topic_ids(client: AIOKafkaClient, topics: Collection[str]) -> Mapping[str, str | None]:
    """Return the id of each topic; None if brokers are too old (before 2.8) to have them.

    Topics that are not there, or that this user may not see, are left out.

    Raises:
        KafkaError: No broker answered.
    """
    try:
        answer = await _ask_anyone(client, _Metadata(topics))
    except NotImplementedError:  # aiokafka's word for a version that no broker speaks
        return dict.fromkeys(topics)
    return {topic: topic_id or None for code, topic, topic_id, *_ in answer.topics if not code}


async def _ask_anyone(client: AIOKafkaClient, request: _Metadata) -> Any:
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
