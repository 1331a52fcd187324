"""What the workers of a guarded run may do."""

import asyncio
from collections.abc import Iterable

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.support.kafka_cluster import KafkaCluster

USER, PASSWORD = "worker", "secret-of-the-worker"


def _rule(kind: str, name: str, operation: str, permission: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if permission == "ALLOW" else ResourcePatternType.LITERAL
    return AclBinding(
        ResourceType[kind],
        name,
        pattern,
        f"User:{USER}",
        "*",
        AclOperation[operation],
        AclPermissionType[permission],
    )


async def log_in(cluster: KafkaCluster, topic: str) -> dict[str, str]:
    """Let the user do what a worker needs, and return the settings of one that logs in.

    Args:
        cluster: With that user.
        topic: What the names of its topics and its group begin with.
    """
    names = (topic, "notifications.")
    rules = [_rule("TOPIC", name, "ALL", "ALLOW") for name in names]
    await _add(cluster, [*rules, _rule("GROUP", topic, "ALL", "ALLOW")])
    return {
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": cluster.guarded,
        "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "NOTIFIER_KAFKA__SASL_MECHANISM": "PLAIN",
        "NOTIFIER_KAFKA__SASL_USERNAME": USER,
        "NOTIFIER_KAFKA__SASL_PASSWORD": PASSWORD,
    }


async def refuse(cluster: KafkaCluster, topics: Iterable[str], operation: str) -> None:
    """Let nobody who logs in do something with topics."""
    await _add(cluster, [_rule("TOPIC", topic, operation, "DENY") for topic in topics])


async def grant(cluster: KafkaCluster, topics: Iterable[str], operation: str) -> None:
    """Take a refusal back."""
    rules = [_rule("TOPIC", topic, operation, "DENY") for topic in topics]
    filters = [
        AclBindingFilter(
            each.restype,
            each.name,
            each.resource_pattern_type,
            each.principal,
            each.host,
            each.operation,
            each.permission_type,
        )
        for each in rules
    ]
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for gone in admin.delete_acls(filters).values():
        await asyncio.to_thread(gone.result, 30)


async def _add(cluster: KafkaCluster, rules: list[AclBinding]) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for made in admin.create_acls(rules).values():
        await asyncio.to_thread(made.result, 30)
