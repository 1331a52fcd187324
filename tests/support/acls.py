"""A user of a guarded Kafka cluster, and the rules about what that one may do."""

import asyncio

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
"""Who the rules are about."""


def rule(
    kind: str, name: str, operation: str, permission: str = "ALLOW", *, exact: bool = False
) -> AclBinding:
    """Return a rule about what begins with that name, or has exactly that."""
    return AclBinding(
        ResourceType[kind],
        name,
        ResourcePatternType.LITERAL if exact else ResourcePatternType.PREFIXED,
        f"User:{USER}",
        "*",
        AclOperation[operation],
        AclPermissionType[permission],
    )


async def add(cluster: KafkaCluster, rules: list[AclBinding]) -> None:
    """Let rules hold."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for made in admin.create_acls(rules).values():
        await asyncio.to_thread(made.result, 30)


async def take_back(cluster: KafkaCluster, rules: list[AclBinding]) -> None:
    """Let rules hold no longer."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
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
    for gone in admin.delete_acls(filters).values():
        await asyncio.to_thread(gone.result, 30)
