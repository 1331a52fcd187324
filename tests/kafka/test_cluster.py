import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError

from tests.support.kafka_cluster import Kafka, KafkaCluster, admin_client

VALUES = [f"record {number}".encode() for number in range(20)]
METADATA_LIMIT = 4_000


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Writes records, each acknowledged by all in-sync replicas."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    async with producer:
        await asyncio.gather(*[await producer.send(topic, value) for value in values])


async def consume(bootstrap: str, topic: str, group: str, count: int) -> list[bytes]:
    """Reads records in a consumer group and commits them."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer, asyncio.timeout(60):
        values = [(await consumer.getone()).value for _ in range(count)]
        await consumer.commit()
    return values


async def test_three_brokers_serve(kafka_cluster: KafkaCluster) -> None:
    """Three brokers are up, with the ids by which tests stop them."""
    async with kafka_cluster.admin() as admin:
        cluster = await admin.describe_cluster()
    assert {broker["node_id"] for broker in cluster["brokers"]} == {0, 1, 2}
    assert len(kafka_cluster.bootstrap.split(",")) == 3


async def test_a_topic_is_replicated_on_all_brokers(
    kafka_cluster: KafkaCluster, unique_name: str
) -> None:
    """A topic gets the replicas and the partitions that were asked for."""
    await kafka_cluster.create_topic(unique_name, partitions=2, replication_factor=3)
    async with kafka_cluster.admin() as admin:
        [topic] = await admin.describe_topics([unique_name])
    assert [{*partition["replicas"]} for partition in topic["partitions"]] == [{0, 1, 2}] * 2


async def test_a_refused_topic_is_an_error(kafka: Kafka, unique_name: str) -> None:
    """What the brokers refuse does not pass for created."""
    await kafka.create_topic(unique_name)
    with pytest.raises(TopicAlreadyExistsError):
        await kafka.create_topic(unique_name)


async def test_a_group_reads_what_an_idempotent_producer_wrote(
    kafka: Kafka, unique_name: str
) -> None:
    """Records written with acks=all and idempotence come back to a consumer group, each once."""
    await kafka.create_topic(unique_name)
    await produce(kafka.bootstrap, unique_name, VALUES)
    values = await consume(kafka.bootstrap, unique_name, unique_name, len(VALUES))
    assert sorted(values) == sorted(VALUES)


async def test_commit_metadata_comes_back(kafka: Kafka, unique_name: str) -> None:
    """4,000 characters of commit metadata are accepted and read back unchanged."""
    await kafka.create_topic(unique_name, partitions=1)
    partition = TopicPartition(unique_name, 0)
    commit = OffsetAndMetadata(0, "m" * METADATA_LIMIT)
    consumer = AIOKafkaConsumer(
        unique_name,
        bootstrap_servers=kafka.bootstrap,
        group_id=unique_name,
        enable_auto_commit=False,
    )
    async with consumer, asyncio.timeout(60):
        await consumer.getmany(timeout_ms=0)  # joins the group
        await consumer.commit({partition: commit})
    async with kafka.admin() as admin:
        assert await admin.list_consumer_group_offsets(unique_name) == {partition: commit}


async def test_a_broker_stops_and_comes_back(kafka_cluster: KafkaCluster, unique_name: str) -> None:
    """With one broker of three stopped the others go on, and it comes back with its data."""
    await kafka_cluster.create_topic(unique_name, replication_factor=3)
    await kafka_cluster.stop_broker(1)
    with pytest.raises(KafkaConnectionError):
        async with admin_client(kafka_cluster.bootstrap.split(",")[1]):
            pass
    await produce(kafka_cluster.bootstrap, unique_name, VALUES)
    await kafka_cluster.start_broker(1)
    values = await consume(kafka_cluster.bootstrap, unique_name, unique_name, len(VALUES))
    assert sorted(values) == sorted(VALUES)


async def test_all_brokers_are_killed_and_come_back(
    kafka_cluster: KafkaCluster, unique_name: str
) -> None:
    """What all brokers had acknowledged is there after all of them were killed and started."""
    await kafka_cluster.create_topic(unique_name)
    await produce(kafka_cluster.bootstrap, unique_name, VALUES)
    for node in range(3):
        await kafka_cluster.kill_broker(node)
    await kafka_cluster.start()
    values = await consume(kafka_cluster.bootstrap, unique_name, unique_name, len(VALUES))
    assert sorted(values) == sorted(VALUES)


async def test_a_paused_broker_answers_nothing_until_it_is_resumed(
    kafka_cluster: KafkaCluster,
) -> None:
    """A paused broker accepts a connection and does not answer on it; resumed, it does."""
    address = kafka_cluster.bootstrap.split(",")[2]
    kafka_cluster.pause_broker(2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), admin_client(address):
            pass
    await kafka_cluster.resume_broker(2)
    async with admin_client(address) as admin:
        assert len((await admin.describe_cluster())["brokers"]) == 3
