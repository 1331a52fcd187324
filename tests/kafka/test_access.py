"""Kafka with users and access rules: what is missing is said, and nothing is taken before it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr

from app.configured import connect_to
from app.doctor.findings import Verdict
from app.doctor.rights import check_rights
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.edges.kafka.survey import Survey
from app.policies.headers.deferral import DELAYS
from app.settings.models import KafkaSettings
from tests.support.acls import PASSWORD, USER, add, rule, take_back
from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer
from tests.support.kafka_cluster import KafkaCluster
from tests.support.tools import Tools

__all__ = ["hooks", "world"]


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
    await add(cluster, [rule(kind, name, operation) for operation in operations])


async def lacking(cluster: KafkaCluster, world: World) -> dict[str, str]:
    """Return what the doctor finds that the user may not do, by topic or group."""
    settings = KafkaSettings(
        bootstrap_servers=cluster.guarded,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username=USER,
        sasl_password=SecretStr(PASSWORD),
        topics=(world.topic,),
        group_id=world.group,
        dead_letter_topic=f"{world.topic}.dlq",
    )
    async with Survey(connect_to(settings)) as survey:
        found = await check_rights(survey, settings)
    return {
        each.subject.split()[-1]: each.text.removeprefix("this user may not ").partition(" on it")[
            0
        ]
        for each in found
        if each.verdict is Verdict.FAIL
    }


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
    retry, control = f"notifications.retry.{world.group}", f"notifications.control.{world.group}"
    own = "Describe, Read, Write, Create, {}DescribeConfigs, AlterConfigs"
    assert await lacking(guarded, world) == {
        world.topic: "Describe, Read, Write, DescribeConfigs",
        f"{world.topic}.dlq": own.format(""),
        **{f"{retry}.{delay}": own.format("Delete, ") for delay in DELAYS.values()},
        control: own.format(""),
        f"notifications.history.{world.group}": own.format(""),
        world.group: "Describe, Read",
    }
    await allow(guarded, "TOPIC", world.topic, "READ")
    await until_problem("notifications.retry", "allow it Describe and Read")
    await allow(guarded, "TOPIC", "notifications.", "READ")
    await until_problem("notifications.retry", "Allow this user Create")
    await allow(guarded, "TOPIC", "notifications.", "CREATE")
    await until_problem(
        "let this user write to", f"{world.topic}.dlq", "notifications.retry", "Write"
    )
    await allow(guarded, "TOPIC", f"{world.topic}.dlq", "WRITE")
    await until_problem("let this user write to notifications.control", "allow it Write")
    await allow(guarded, "TOPIC", "notifications.", "WRITE")
    await until_problem(f"group {world.group}", "allow it Read")
    assert hooks.received == []
    await allow(guarded, "GROUP", world.group, "READ")
    await service.until_stats(lambda got: got["messages_sent"] == 1)
    assert PASSWORD not in service.log
    await publish(b"no JSON")
    await service.until_stats(lambda got: got["messages_dead_lettered"] == 1)
    warnings = (await service.client.get("/health")).json()["warnings"]
    assert any("Allow it DescribeConfigs" in warning for warning in warnings)
    assert await lacking(guarded, world) == {
        world.topic: "Write, DescribeConfigs",
        f"{world.topic}.dlq": "Create, DescribeConfigs, AlterConfigs",
        **{
            f"{retry}.{delay}": "Delete, DescribeConfigs, AlterConfigs" for delay in DELAYS.values()
        },
        control: "DescribeConfigs, AlterConfigs",
        f"notifications.history.{world.group}": "DescribeConfigs, AlterConfigs",
    }
    await allow(guarded, "TOPIC", world.topic, "WRITE", "CREATE", "ALTER_CONFIGS")
    await allow(guarded, "TOPIC", "notifications.", "DELETE", "ALTER_CONFIGS")
    assert await lacking(guarded, world) == {}
    await service.until("/health", lambda answer: not answer.json()["warnings"])


async def everything(cluster: KafkaCluster, world: World) -> None:
    """Allow what a worker needs."""
    for topic in (world.topic, "notifications."):
        await allow(cluster, "TOPIC", topic, "READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")
    await allow(cluster, "GROUP", world.group, "READ")


def login(guarded: KafkaCluster) -> dict[str, str]:
    """Return the settings of a worker that logs in."""
    return {
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": guarded.guarded,
        "NOTIFIER_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "NOTIFIER_KAFKA__SASL_MECHANISM": "PLAIN",
        "NOTIFIER_KAFKA__SASL_USERNAME": USER,
        "NOTIFIER_KAFKA__SASL_PASSWORD": PASSWORD,
    }


@pytest.mark.parametrize(
    ("right", "running"),
    [(["READ"], True), (["READ", "DESCRIBE"], False)],
    ids=["not read any more", "never seen"],
)
async def test_a_topic_that_may_not_be_read_holds_up_no_other(
    guarded: KafkaCluster, world: World, hooks: HttpServer, right: list[str], running: bool
) -> None:
    """It is named with the right; with that, what waited is delivered, without a restart."""
    other = f"{world.topic}-other"
    await everything(guarded, world)
    for topic in (world.topic, other):
        await guarded.create_topic(topic)
    denied = [rule("TOPIC", other, operation, "DENY") for operation in right]
    if not running:
        await add(guarded, denied)
    service = await world.service(
        {
            **login(guarded),
            "NOTIFIER_KAFKA__TOPICS": f'["{world.topic}", "{other}"]',
            "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        }
    )
    publish = await publisher_to(guarded, world)
    if running:
        await publish(world.topic, 1)
        await publish(other, 1)
        await hooks.wait_for(2)
        await add(guarded, denied)
    begun = len(hooks.received)
    await publish(other, 5)
    async with asyncio.timeout(5):
        for number in range(10):  # one after the other: each had cost a second
            await publish(world.topic, 1)
            await hooks.wait_for(begun + number + 1)
    await service.until(
        "/health",
        lambda got: any(f"--topic {other}" in each for each in got.json()["warnings"]),
        seconds=40,
    )
    health = await service.client.get("/health")
    assert (health.status_code, health.json().get("problem")) == (200, None)
    await take_back(guarded, denied)
    await hooks.wait_for(begun + 15, timeout=60)
    await service.until("/health", lambda got: not got.json()["warnings"])


async def publisher_to(
    cluster: KafkaCluster, world: World
) -> Callable[[str, int], Awaitable[None]]:
    """Return what writes so many notifications to a topic, past all rules."""
    connection = Connection(cluster.bootstrap, {"bootstrap_servers": cluster.bootstrap})
    producer = Producer(connection)
    world.on_end(producer.close)

    async def publish(topic: str, count: int) -> None:
        value = msgspec.json.encode({"content": topic, "channels": ["webhook"]})
        await asyncio.gather(*(producer.send(topic, None, value) for _ in range(count)))

    return publish
