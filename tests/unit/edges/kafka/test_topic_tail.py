"""A topic, followed."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka import topic_tail
from app.edges.kafka.connection import Connection
from app.edges.kafka.topic_tail import TopicTail
from app.values.errors import KafkaUnavailableError
from tests.support.service import free_port
from tests.support.topic import Topic


@pytest.fixture
async def topic() -> AsyncIterator[Topic]:
    """A topic with four partitions, once it was written to."""
    async with EmbeddedBroker() as broker, Topic(broker.address) as made:
        yield made


async def values(tail: TopicTail, count: int) -> list[bytes | None]:
    """Read until so many have come."""
    found: list[bytes | None] = []
    while len(found) < count:
        found += [each.value for each in (await tail.read()).records]
    return found


async def test_it_begins_at_the_start_and_goes_on(topic: Topic) -> None:
    """What stands there, then what comes, of every partition."""
    await topic.write(b"one")
    await topic.write(b"two", partition=3)
    async with TopicTail(topic.connection, topic.name) as tail:
        assert await tail.find()
        assert tail.positions == {0: 0, 1: 0, 2: 0, 3: 0}
        assert await tail.ends() == {0: 1, 1: 0, 2: 0, 3: 1}
        assert sorted(await values(tail, 2), key=str) == [b"one", b"two"]
        assert tail.positions == {0: 1, 1: 0, 2: 0, 3: 1}
        await topic.write(b"three")
        assert await values(tail, 1) == [b"three"]


async def test_a_topic_that_is_not_there_is_not_made(topic: Topic) -> None:
    """Whoever writes to it knows how it has to be."""
    async with TopicTail(topic.connection, topic.name) as tail:
        assert not await tail.find()
        await topic.write(b"one")
        assert await tail.find()
        assert await values(tail, 1) == [b"one"]


async def test_it_says_when_there_is_nothing_more(topic: Topic) -> None:
    """Every broker has said so since."""
    await topic.write(b"one")
    async with TopicTail(topic.connection, topic.name) as tail:
        await tail.find()
        news = await tail.read()
        while not news.is_all:
            news = await tail.read()
        assert news.answered
        assert tail.positions[0] == 1


async def test_silence_is_an_end(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The brokers that it knows may have moved: whoever follows begins anew."""
    await topic.write(b"one")
    monkeypatch.setattr(topic_tail, "SILENCE", -1.0)
    monkeypatch.setattr(topic_tail, "POLL_MS", 1)
    async with TopicTail(topic.connection, topic.name) as tail:
        await tail.find()
        with pytest.raises(KafkaUnavailableError, match="what is new in"):
            await values(tail, 1_000_000)


async def test_nobody_there_is_said_in_this_services_words() -> None:
    """And nothing is left open."""
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(KafkaUnavailableError, match="hand over control"):
        async with TopicTail(Connection(address, {"bootstrap_servers": address}), "control"):
            pass
