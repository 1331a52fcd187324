"""Checks of the consumer group: its members, whether a worker can join, and who has partitions."""

import asyncio
from typing import Final

from app.doctor.findings import Finding, fail, ok, patiently
from app.edges.kafka.connection import CLIENT_ID
from app.edges.kafka.survey import Survey
from app.engine.cluster.shared_group import REMEDY, describe_others, others
from app.engine.group.share import named_members, partitions_of, unassigned
from app.policies.headers.deferral import retry_topics
from app.policies.service.group_faults import group_faults
from app.settings.models import KafkaSettings, env_name
from app.values.group import Group
from app.values.record import TopicPartition

LOOKS: Final = 4
LOOK_AGAIN: Final = 0.7
"""Seconds: a group that is being balanced has settled after some of them."""


async def check_group(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Report the group's members and its faults."""
    subject = f"consumer group {kafka.group_id}"
    partitions = partitions_of(await cluster.visible(kafka.topics))
    group = await _settled(cluster, kafka, partitions)
    limit = await cluster.group_limit()
    retry = retry_topics(kafka.retry_topic)
    found = [
        fail(subject, fault.problem, f"{fault.remedy}.")
        for fault in group_faults(group, retry, CLIENT_ID, limit)
    ]
    if named := others(group, kafka.topics, retry):
        problem = describe_others(kafka.group_id, kafka.topics, named)
        found.append(fail(subject, problem, f"{REMEDY}."))
    if group.members and (left := unassigned(partitions, group)):
        found.append(_nobody_has(left, group, subject))
    if found:
        return found
    hosts = sorted(member.host for member in group.members)
    idle = len(hosts) - len(partitions)
    text = f"members: {len(hosts)} ({', '.join(hosts) or 'no worker is running'})"
    if 0 < idle < len(hosts):
        fewer = f"{idle} of them get nothing new, the topics have fewer partitions"
        text = f"{text}; {fewer}"
    return [ok(subject, text)]


async def _settled(cluster: Survey, kafka: KafkaSettings, partitions: set[TopicPartition]) -> Group:
    """Return the group; while its members are being given their partitions, look again."""
    group = Group()
    for look in range(LOOKS):
        await asyncio.sleep(LOOK_AGAIN if look else 0.0)
        group = await patiently(lambda: cluster.group(kafka.group_id))
        if not group.members or not unassigned(partitions, group):
            break
    return group


def _nobody_has(left: set[TopicPartition], group: Group, subject: str) -> Finding:
    problem = (
        f"{len(left)} partitions have nobody, although the group has members:"
        f" {named_members(group)}"
    )
    remedy = (
        "One of the members divides them: stop those that are not this service, or give it a"
        f" group id of its own ({env_name('kafka.group_id')})."
    )
    return fail(subject, problem, remedy)
