"""Describes consumer groups."""

from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)
from aiokafka.errors import IncompatibleBrokerVersion, for_code

from app.edges.kafka.requests import describe_new_group
from app.policies.service.group_faults import CONSUMERS
from app.values.group import Group, GroupMember
from app.values.record import TopicPartition

_NO_SUCH_GROUP: Final = 69


async def describe_group(admin: AIOKafkaAdminClient, group_id: str) -> Group:
    """Return a group with its members, those of KIP-848's protocol included.

    A group has such members, or has had some, or it has not: the classic request calls the first
    kind dead, the new one does not know the second.

    Raises:
        KafkaError: The coordinator did not answer, or this user may not describe the group.
    """
    coordinator = await admin.find_coordinator(group_id)
    [response] = await admin.describe_consumer_groups([group_id], coordinator)
    [(code, _, state, protocol_type, assignor, members, *_)] = response.groups
    if code not in (0, _NO_SUCH_GROUP):
        raise for_code(code)(group_id)
    if members or state not in ("Dead", ""):
        return Group(protocol_type, assignor, tuple(map(_member, members)))
    return await _new_group(admin, coordinator, group_id)


async def _new_group(admin: AIOKafkaAdminClient, coordinator: int, group_id: str) -> Group:
    try:
        response = await admin._send_request(describe_new_group(group_id), coordinator)  # noqa: SLF001 - it has no public way to a raw request
    except (IncompatibleBrokerVersion, NotImplementedError):
        return Group()  # brokers that do not know the protocol
    [group] = response.to_object()["groups"]
    if group["error_code"] == _NO_SUCH_GROUP:
        return Group()
    if group["error_code"]:
        raise for_code(group["error_code"])(group_id)
    members = tuple(
        GroupMember(
            each["client_id"],
            _host(each["client_host"]),
            _topics(each),
            each["member_id"],
            _partitions(each),
        )
        for each in group["members"]
    )
    return Group(CONSUMERS, group["assignor_name"], members, by_brokers=True)


def _member(raw: tuple[Any, ...]) -> GroupMember:
    member_id, client_id, host, metadata, assignment, *_ = raw
    return GroupMember(
        client_id, _host(host), _subscribed(metadata), member_id, _assigned(assignment)
    )


def _subscribed(metadata: bytes) -> tuple[str, ...]:
    """Return a classic member's topics; none while the group is being balanced."""
    if not metadata:
        return ()
    try:
        return tuple(ConsumerProtocolMemberMetadata.decode(metadata).subscription)
    except ValueError:
        return ()  # no consumer's


def _assigned(assignment: bytes) -> tuple[TopicPartition, ...]:
    """Return a classic member's partitions; none while the group is being balanced."""
    if not assignment:
        return ()
    try:
        given = ConsumerProtocolMemberAssignment.decode(assignment).partitions()
    except ValueError:
        return ()  # no consumer's
    return tuple(TopicPartition(*each) for each in given)


def _partitions(member: dict[str, Any]) -> tuple[TopicPartition, ...]:
    return tuple(
        TopicPartition(each["topic_name"], number)
        for each in member["assignment"]["topic_partitions"]
        for number in each["partitions"]
    )


def _topics(member: dict[str, Any]) -> tuple[str, ...]:
    named = tuple(member["subscribed_topic_names"] or ())
    return named or tuple(each["topic_name"] for each in member["assignment"]["topic_partitions"])


def _host(raw: str) -> str:
    return raw.removeprefix("/")
