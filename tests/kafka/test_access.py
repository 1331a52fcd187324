"""Kafka with users and access rules: what is missing is said, and nothing is taken before it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer
from tests.support.kafka_cluster import KafkaCluster
from tests.support.tools import Tools

__all__ = ["hooks", "world"]

USER, PASSWORD = "worker", "secret-of-the-worker"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[KafkaCluster]:
    """One broker, and one user who may do nothing yet."""
    tools = Tools.here()
    cluster = KafkaCluster(
        tmp_path / "guarded",
        java=tools.java(),
        jars=tools.kafka_jars(),
        brokers=1,
        users={USER: PASSWORD},
    )
    async with cluster:
        yield cluster


@pytest.fixture
def broker(guarded: KafkaCluster) -> str:
    """Where those are who may do everything."""
    return guarded.bootstrap


async def allow(cluster: KafkaCluster, kind: str, name: str, *operations: str) -> None:
    """Let the user do something with what begins with that name."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    rules = [
        AclBinding(
            ResourceType[kind],
            name,
            ResourcePatternType.PREFIXED,
            f"User:{USER}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
    for made in admin.create_acls(rules).values():
        await asyncio.to_thread(made.result, 30)


async def test_missing_rights_are_named_one_after_the_other(
    guarded: KafkaCluster, world: World, hooks: HttpServer
) -> None:
    """Health says which; with all of them it works by itself."""
    for topic in (world.topic, f"{world.topic}.dlq"):
        await guarded.create_topic(topic)
    service = await world.service(
        {
            "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": guarded.guarded,
            "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "NOTIFIER_KAFKA__SASL_MECHANISM": "PLAIN",
            "NOTIFIER_KAFKA__SASL_USERNAME": USER,
            "NOTIFIER_KAFKA__SASL_PASSWORD": PASSWORD,
            "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        },
        ready=False,
    )
    publish = await world.publisher(service, guarded.bootstrap)
    await publish({"content": "patient", "channels": ["webhook"]})

    async def until_problem(*words: str) -> None:
        await service.until(
            "/health",
            lambda answer: all(word in answer.json().get("problem", "") for word in words),
        )

    await until_problem(world.topic, "allow it Describe and Read")
    await allow(guarded, "TOPIC", world.topic, "READ")
    await until_problem("notifications.retry", "allow it Describe and Read")
    await allow(guarded, "TOPIC", "notifications.", "READ")
    await until_problem("notifications.retry", "Allow this user Create")
    await allow(guarded, "TOPIC", "notifications.", "CREATE")
    await until_problem("not write to", f"{world.topic}.dlq", "notifications.retry", "Write")
    await allow(guarded, "TOPIC", f"{world.topic}.dlq", "WRITE")
    await until_problem("not write to notifications.control", "allow it Write")
    await allow(guarded, "TOPIC", "notifications.", "WRITE")
    await until_problem(f"group {world.group}", "allow it Read")
    assert hooks.received == []
    await allow(guarded, "GROUP", world.group, "READ")
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    assert PASSWORD not in service.log
    await publish(b"no JSON")
    await service.until_stats(lambda got: got["messages_dead_lettered"] == 1)
