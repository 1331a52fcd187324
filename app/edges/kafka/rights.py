"""Finds out by trying which rights this user lacks; nothing is read, written or changed.

Brokers check the right before the request. So a request for something that does not exist, or one
that only asks whether it would succeed, is answered with whether it was allowed.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.admin import DeleteRecordsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.produce import ProduceRequest

from app.edges.kafka.requests import alter_topic_settings
from app.values.rights import Right

NO_PARTITION: Final = 2**31 - 1
"""No topic has this partition: brokers check the right of a request about it, and nothing more."""
_TIMEOUT_MS: Final = 5_000
Answers = list[tuple[str, int]]

_DENIED = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError)


async def denied(
    admin: AIOKafkaAdminClient, right: Right, topics: Collection[str]
) -> frozenset[str]:
    """Return those topics on which this user lacks a right; they need not be there.

    Raises:
        KafkaError: No broker answered.
    """
    if not topics:
        return frozenset()
    try:
        answers = await _TRIES[right](admin, list(topics))
    except IncompatibleBrokerVersion:
        return frozenset()  # rights that cannot be asked about are not missed
    return frozenset(topic for topic, code in answers if for_code(code) in _DENIED)


async def denied_on_group(
    admin: AIOKafkaAdminClient, rights: Iterable[Right], group_id: str
) -> list[Right]:
    """Return those rights on a group that this user lacks.

    Raises:
        KafkaError: As for ``denied``.
    """
    return [right for right in rights if not await _may_use(admin, right, group_id)]


async def _describe(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    return [(each["topic"], each["error_code"]) for each in await admin.describe_topics(topics)]


async def _read(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    wanted = [(topic, [(NO_PARTITION, 0, 1)]) for topic in topics]
    return _of_partitions(await _ask(admin, FetchRequest(0, 0, 1, 0, wanted)), place=1)


async def _write(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    nothing = [(topic, [(NO_PARTITION, b"")]) for topic in topics]
    request = ProduceRequest(None, -1, _TIMEOUT_MS, nothing)
    return _of_partitions(await _ask(admin, request), place=1)


async def _delete_records(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    none = [(topic, [(NO_PARTITION, 0)]) for topic in topics]
    request = DeleteRecordsRequest(none, _TIMEOUT_MS)
    return _of_partitions(await _ask(admin, request), place=2)


async def _create(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    new = [NewTopic(topic, 1, -1, replica_assignments={}) for topic in topics]
    response = await admin.create_topics(new, validate_only=True)
    return [(topic, code) for topic, code, *_ in response.topic_errors]


async def _describe_configs(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    responses = await admin.describe_configs(resources)
    return [(topic, code) for each in responses for code, _, _, topic, _ in each.resources]


async def _alter_configs(admin: AIOKafkaAdminClient, topics: list[str]) -> Answers:
    nothing: dict[str, dict[str, str]] = {topic: {} for topic in topics}
    response = await _ask(admin, alter_topic_settings(nothing, validate_only=True))
    return [(topic, code) for code, _, _, topic in response.responses]


_TRIES: Mapping[Right, Callable[[AIOKafkaAdminClient, list[str]], Awaitable[Answers]]] = {
    Right.DESCRIBE: _describe,
    Right.READ: _read,
    Right.WRITE: _write,
    Right.CREATE: _create,
    Right.DELETE: _delete_records,
    Right.DESCRIBE_CONFIGS: _describe_configs,
    Right.ALTER_CONFIGS: _alter_configs,
}
"""Requests that find out about a right; each answers every topic with a code."""


async def _may_use(admin: AIOKafkaAdminClient, right: Right, group_id: str) -> bool:
    if right is Right.READ:
        # Of a member that there is not: the group goes on as before.
        response = await _ask(admin, HeartbeatRequest(group_id, -1, ""))
        return for_code(response.error_code) is not GroupAuthorizationFailedError
    try:
        await admin.find_coordinator(group_id)
    except GroupAuthorizationFailedError:
        return False
    return True


async def _ask(admin: AIOKafkaAdminClient, request: Any) -> Any:
    return await admin._send_request(request)  # noqa: SLF001 - it has no public way to a raw request


def _of_partitions(response: Any, *, place: int) -> list[tuple[str, int]]:
    """Return each topic with the code of its only partition, which stands at that place."""
    return [(topic, partitions[0][place]) for topic, partitions, *_ in response.topics]
