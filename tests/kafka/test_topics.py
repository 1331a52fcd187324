"""Topics on brokers that make whatever somebody asks about, with settings of their own."""

import asyncio
import contextlib

import pytest

from app.configured import subscription_of
from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import Producer
from app.edges.kafka.survey import Survey
from app.settings.models import KafkaSettings
from app.values.errors import KafkaUnavailableError
from app.values.topic import WantedTopic
from tests.support.end_to_end import World, world
from tests.support.kafka_cluster import Kafka

__all__ = ["world"]

USUAL_LARGEST = 1_048_588
LARGEST_VALUE = 1_048_437  # of a record without key and headers, by Kafka's usual limit


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


@pytest.fixture
def connection(broker: str) -> Connection:
    """The way to it."""
    return Connection(broker, {"bootstrap_servers": broker})


def own_topics(world: World) -> dict[str, WantedTopic]:
    """Return the topics of this test's group, as they have to be."""
    settings = KafkaSettings(
        topics=(world.topic,),
        group_id=world.group,
        dead_letter_topic=f"{world.topic}.dlq",
        partitions=4,
    )
    own = subscription_of(settings).own_topics(USUAL_LARGEST)
    return {topic.name: topic for topic in own}


async def wrong(cluster: Survey, own: dict[str, WantedTopic]) -> list[str]:
    """Return what is not as it has to be."""
    states, configs = await cluster.topics(own), await cluster.topic_configs(own)
    return [
        f"{name}: {setting} is {configs[name][setting]}"
        for name, topic in own.items()
        for setting, value in topic.config.items()
        if configs[name][setting] != value
    ] + [
        f"{name}: {states[name].partitions} partitions"
        for name, topic in own.items()
        if states[name].partitions != topic.partitions
    ]


async def test_asking_about_a_topic_makes_none(connection: Connection, unique_name: str) -> None:
    """Neither admin client nor consumer nor producer does, though these brokers would."""
    async with Survey(connection) as cluster:
        assert await cluster.topics([unique_name]) == {}
        assert await cluster.log_ranges([unique_name]) == {}
        async with LogReader(connection, unique_name, 5) as log:
            assert await log.ranges() == {}
        producer = Producer(connection, timeout=2.0)
        with contextlib.suppress(KafkaUnavailableError):
            await producer.send(unique_name, b"key", b"value")
        await producer.close()
        assert await cluster.topics([unique_name]) == {}


async def test_own_topics_are_as_they_have_to_be_and_stay_so(
    world: World, connection: Connection
) -> None:
    """Made at the start; one that is deleted is made again; one that is changed is put right."""
    service = await world.service()
    own = own_topics(world)
    dead, control = f"{world.topic}.dlq", f"notifications.control.{world.group}"
    async with Survey(connection) as cluster:
        assert await wrong(cluster, own) == []
        await cluster._client.delete_topics([dead])
        await cluster.alter({control: {"cleanup.policy": "delete"}})
        publish = await world.publisher(service)
        await publish(b"no JSON")
        stats = await service.until_stats(lambda got: got["messages_dead_lettered"] == 1)
        assert stats["messages_consumed"] == 1
        async with asyncio.timeout(30):
            while await wrong(cluster, own):  # noqa: ASYNC110 - another process puts it right
                await asyncio.sleep(0.2)


async def test_topics_that_others_made_are_put_right(world: World, connection: Connection) -> None:
    """The largest record that nobody can read is a dead letter, and keeps its value."""
    own = own_topics(world)
    async with Survey(connection) as cluster:
        # As these brokers make them for whoever asks: one partition, two hours, compacted.
        settings: dict[str, str | int] = {"cleanup.policy": "compact", "retention.ms": 7_200_000}
        others = [WantedTopic(name, 1, settings) for name in own]
        await cluster.create([WantedTopic(world.topic, 1), *others], None)
        service = await world.service()
        left = [each for each in await wrong(cluster, own) if not each.endswith("1 partitions")]
        assert left == []
        warnings = (await service.client.get("/health")).json()["warnings"]
        assert len(warnings) == 6  # dead letters and retries; the control topic needs only one
        assert all("it has 1 partition" in warning for warning in warnings)
        publish = await world.publisher(service)
        await publish(b"x" * LARGEST_VALUE)
        await service.until_stats(lambda got: got["messages_dead_lettered"] == 1)
        [offsets] = (await cluster.log_ranges([f"{world.topic}.dlq"])).values()
    async with LogReader(connection, f"{world.topic}.dlq", 5) as log:
        [record] = (await log.read({0: offsets}, lambda _: True))[0].records
    assert len(record.value or b"") == LARGEST_VALUE
