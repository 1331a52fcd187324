"""Single records are read again where they stand."""

from collections.abc import AsyncIterator

import pytest

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.record_reader import reading_again
from app.edges.kafka.survey import Survey
from app.values.errors import KafkaUnavailableError
from tests.support.service import free_port
from tests.support.topic import START, Topic


@pytest.fixture
async def topic() -> AsyncIterator[Topic]:
    """A topic with three records, of which one is large."""
    async with EmbeddedBroker() as broker, Topic(broker.address) as made:
        for second, value in enumerate((b"a", b"b" * 200_000, b"c")):
            await made.write(value, second=second, partition=1)
        yield made


async def test_reads_the_one_at_an_offset_and_no_other(topic: Topic) -> None:
    """However large it is, and in any order."""
    async with reading_again(topic.connection, topic.name) as read:
        last, large = await read(1, 2), await read(1, 1)
    assert last is not None
    assert large is not None
    assert (last.offset, last.value) == (2, b"c")
    assert (large.offset, large.value) == (1, b"b" * 200_000)


async def test_what_the_log_does_not_hold_is_none(topic: Topic) -> None:
    """Above its end, in a partition or a topic that is not there."""
    async with reading_again(topic.connection, topic.name) as read:
        assert await read(1, 3) is None
        assert await read(99, 0) is None
    async with reading_again(topic.connection, "nowhere") as read:
        assert await read(0, 0) is None


async def test_a_broker_that_is_away_is_said_in_the_services_own_words() -> None:
    """Whoever wants the record tries again later."""
    address = f"127.0.0.1:{free_port()}"
    away = Connection(address, {"bootstrap_servers": address})
    with pytest.raises(KafkaUnavailableError, match="records of letters again"):
        async with reading_again(away, "letters"):
            pass


async def test_the_newest_time_of_a_topic_is_found(topic: Topic) -> None:
    """Over all partitions; None where nothing stands."""
    await topic.write(b"newer", second=60, partition=0)
    async with Survey(topic.connection) as survey:
        assert await survey.newest_time(topic.name) == START / 1000 + 60
        assert await survey.newest_time("nowhere") is None
