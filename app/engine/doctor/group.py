"""Checks of the consumer group: who is in it, and whether a worker can join."""

from app.edges.kafka.connection import CLIENT_ID
from app.edges.kafka.survey import Survey
from app.engine.doctor.findings import Finding, fail, ok, patiently
from app.engine.shared_group import REMEDY, describe_others, others
from app.policies.deferral import retry_topics
from app.policies.group_faults import group_faults
from app.settings.models import KafkaSettings


async def check_group(cluster: Survey, kafka: KafkaSettings) -> list[Finding]:
    """Say who is in the group, and what is wrong with it."""
    subject = f"group {kafka.group_id}"
    group = await patiently(lambda: cluster.group(kafka.group_id))
    limit = await cluster.group_limit()
    retry = retry_topics(kafka.retry_topic)
    found = [
        fail(subject, fault.problem, f"{fault.remedy}.")
        for fault in group_faults(group, retry, CLIENT_ID, limit)
    ]
    if named := others(group, kafka.topics, retry):
        problem = describe_others(kafka.group_id, kafka.topics, named)
        found.append(fail(subject, problem, f"{REMEDY}."))
    if found:
        return found
    hosts = sorted(member.host for member in group.members)
    there = await cluster.visible(kafka.topics)
    idle = len(hosts) - sum(each.partitions for each in there.values())
    text = f"members: {len(hosts)} ({', '.join(hosts) or 'no worker is running'})"
    if 0 < idle < len(hosts):
        text += f"; {idle} of them get nothing new, the topics have fewer partitions"
    return [ok(subject, text)]
