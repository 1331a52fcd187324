"""A group that another program leads, and gives nothing away: said, and over with the program."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import HttpServer
from tests.support.kafka_cluster import Kafka

__all__ = ["hooks", "world"]


class GivesNothing(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka ships no types
    """An assignor that gives nobody anything."""

    @classmethod
    def assign(cls, cluster: object, members: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return empty hands for all."""
        del cluster
        return {member: ConsumerProtocolMemberAssignment(0, [], b"") for member in members}


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


@pytest.fixture
async def leader(kafka: Kafka, world: World) -> AsyncIterator[AIOKafkaConsumer]:
    """Another program, which has the group first."""
    other = f"{world.topic}-other"
    await kafka.create_topic(other)
    consumer = AIOKafkaConsumer(
        other,
        bootstrap_servers=kafka.bootstrap,
        group_id=world.group,
        client_id="another-program",
        partition_assignment_strategy=(GivesNothing,),
        enable_auto_commit=False,
    )
    await consumer.start()
    yield consumer
    await consumer.stop()


async def test_the_leader_of_a_group_that_gives_nothing_is_named(
    world: World, hooks: HttpServer, leader: AIOKafkaConsumer
) -> None:
    """The worker is not ready meanwhile; without that program it has everything."""
    service = await world.service(
        {"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")}, ready=False
    )
    publish = await world.publisher(service)
    await service.until(
        "/health",
        lambda answer: "gives this worker nothing" in answer.json().get("problem", ""),
        seconds=60,
    )
    problem = (await service.client.get("/health")).json()["problem"]
    assert "The member another-program at 127.0.0.1 leads the group" in problem
    assert f"it consumes {world.topic}-other" in problem
    assert (await service.client.get("/health/ready")).status_code == 503
    await publish({"content": "at last", "channels": ["webhook"]})
    await leader.stop()
    await hooks.wait_for(1, timeout=30)
    await service.until("/health/ready", lambda answer: answer.status_code == 200)
    await service.until("/health", lambda answer: "problem" not in answer.json())
