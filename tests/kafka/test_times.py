"""Records found by their times: the embedded broker has no index of them."""

import pytest

from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.log_reader import LogReader
from tests.support.kafka_cluster import Kafka
from tests.support.topic import START, Topic, no_marks

BEGIN = START / 1000


@pytest.fixture
async def topic(kafka: Kafka, unique_name: str) -> Topic:
    """A topic of two partitions: ten seconds in one, and the first of them in the other."""
    await kafka.create_topic(unique_name, partitions=2, config={"retention.ms": "-1"})
    made = Topic(kafka.bootstrap, unique_name)
    async with made:
        for second in range(10):
            await made.write(b"%d" % second, second=second)
        await made.write(b"0", partition=1)
    return made


async def test_a_time_leads_to_its_first_record(topic: Topic) -> None:
    """Or to the end of what there is."""
    async with LogReader(topic.connection, topic.name, 5) as log:
        ranges = await log.ranges()
        assert ranges == {0: range(10), 1: range(1)}
        assert await log.offsets_at(ranges, BEGIN + 3.5) == {0: 4, 1: 1}
        assert await log.offsets_at(ranges, BEGIN) == {0: 0, 1: 0}
        assert await log.offsets_at(ranges, -1.0) == {0: 0, 1: 0}


async def test_dead_letters_of_a_time_are_read_alone(topic: Topic) -> None:
    """For the story of one notification the others are of no account."""
    letters = DeadLetters(topic.connection, topic.name, no_marks)
    between = BEGIN + 0.5, BEGIN + 3.5
    found = [each.value async for records in letters.scan(between) for each in records]
    assert found == [b"1", b"2", b"3"]
    assert len([each async for records in letters.scan() for each in records]) == 11
