"""Where logs begin and end, over the real protocol."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka import partition_logs
from app.edges.kafka.partition_logs import PartitionLogs
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.record import TopicPartition
from tests.support.topic import Topic

NAME = "notifications"
FIRST, SECOND = TopicPartition(NAME, 0), TopicPartition(NAME, 1)
ELSEWHERE = TopicPartition("elsewhere", 0)


@pytest.fixture
async def topic() -> AsyncIterator[Topic]:
    """A topic with two records in its first partition."""
    async with EmbeddedBroker() as broker, Topic(broker.address, NAME) as made:
        await made.write_many([b"a", b"b"])
        yield made


@pytest.fixture
async def client(topic: Topic) -> AsyncIterator[AIOKafkaClient]:
    """A client that knows the topic."""
    made = AIOKafkaClient(bootstrap_servers=topic.connection.bootstrap_servers)
    await made.bootstrap()
    await made.set_topics([NAME])
    yield made
    await made.close()


async def test_starts_and_ends_are_told(client: AIOKafkaClient) -> None:
    """Of every partition that is asked about."""
    logs = PartitionLogs(client)
    assert await logs.starts([FIRST, SECOND]) == {FIRST: 0, SECOND: 0}
    assert await logs.ends([FIRST, SECOND]) == {FIRST: 2, SECOND: 0}
    assert await logs.readable_ends([FIRST]) == {FIRST: 2}
    assert await logs.ends([]) == {}


async def test_one_that_nobody_can_tell_about_hides_none_of_the_others(
    client: AIOKafkaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sampled goes without it; who needs all of them hears that it cannot be told."""
    monkeypatch.setattr(partition_logs, "TIMEOUT", 0.3)
    logs = PartitionLogs(client)
    assert await logs.known_ends([FIRST, ELSEWHERE]) == {FIRST: 2}
    with pytest.raises(KafkaUnavailableError):
        await logs.known_ends([ELSEWHERE])
    with pytest.raises(KafkaUnavailableError):
        await logs.ends([FIRST, ELSEWHERE])


async def test_a_leader_that_is_found_a_moment_later_is_asked(
    topic: Topic, client: AIOKafkaClient
) -> None:
    """A member that is given a partition may not have heard of it yet."""
    another = Topic(topic.connection.bootstrap_servers, ELSEWHERE.topic)
    async with another:
        await another.write(b"x")
    asking = asyncio.create_task(PartitionLogs(client).ends([ELSEWHERE]))
    await asyncio.sleep(0)
    await client.set_topics([NAME, ELSEWHERE.topic])
    assert await asking == {ELSEWHERE: 1}


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (TopicAuthorizationFailedError(NAME), KafkaRefusedError),
        (KafkaConnectionError("gone"), KafkaUnavailableError),
    ],
)
async def test_what_kafka_says_is_translated(
    client: AIOKafkaClient,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    raised: type[Exception],
) -> None:
    """A refusal is one, and is not asked for again."""
    monkeypatch.setattr(partition_logs, "TIMEOUT", 0.3)

    async def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(client, "send", fail)
    logs = PartitionLogs(client)
    with pytest.raises(raised):
        await logs.starts([FIRST])
    with pytest.raises(raised):
        await logs.known_ends([FIRST])


async def test_topics_have_ids_that_last(client: AIOKafkaClient) -> None:
    """As Kafka's own tools print them; what is not there has none, and is not made by asking."""
    logs = PartitionLogs(client)
    ids = await logs.topic_ids([NAME, "nowhere"])
    assert len(ids[NAME] or "") == 22
    assert await logs.topic_ids([NAME, "nowhere"]) == ids
    assert ids.keys() == {NAME}


async def test_brokers_that_know_no_ids_tell_none(
    client: AIOKafkaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody can tell a topic from another of its name."""

    async def too_old(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(client, "send", too_old)
    assert await PartitionLogs(client).topic_ids([NAME]) == {NAME: None}


async def test_one_broker_that_does_not_answer_is_no_reason_to_give_up(
    client: AIOKafkaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any broker knows the ids; with none of them there is no answer."""
    monkeypatch.setattr("app.edges.kafka.topic_ids.PATIENCE", 0.05)
    brokers = client.cluster.brokers()
    send = client.send
    failures: list[Exception | None] = [KafkaConnectionError("gone")]

    async def fail_first(node: int, request: object) -> object:
        if failures:
            failure = failures.pop()
            if failure is None:
                await asyncio.Event().wait()
            raise failure or AssertionError
        return await send(node, request)

    monkeypatch.setattr(client, "send", fail_first)
    monkeypatch.setattr(client.cluster, "brokers", lambda: [*brokers] * 2)
    logs = PartitionLogs(client)
    assert await logs.topic_ids([NAME])
    failures = [KafkaConnectionError("gone"), None]
    with pytest.raises(KafkaUnavailableError):
        await logs.topic_ids([NAME])
    monkeypatch.setattr(client.cluster, "brokers", list)
    with pytest.raises(KafkaUnavailableError, match="no broker is known"):
        await logs.topic_ids([NAME])
