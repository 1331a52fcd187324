import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition as ClientPartition
from aiokafka.errors import KafkaConnectionError

from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka import log_reader
from app.edges.kafka.client import Client
from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader, _Reading
from app.values.record import Record, TopicPartition
from tests.support.topic import START, Topic

KIB = 1024


def reader_of(topic: Topic) -> LogReader:
    """Return a reader of the topic."""
    return LogReader(topic.connection, topic.name, request_timeout=5)


def everything(_: Record) -> bool:
    """Want every record."""
    return True


def numbers(records: tuple[Record, ...]) -> list[int]:
    """Return the values of records that hold numbers."""
    return [int(record.value or b"-1") for record in records]


async def test_a_missing_topic_has_no_ranges_and_stays_missing(topic: Topic) -> None:
    """Reading never creates a topic; whoever writes to it knows how it should be."""
    for _ in range(2):
        async with reader_of(topic) as log:
            assert await log.ranges() == {}


async def test_asks_about_its_topic_alone_and_once(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With thousands of partitions elsewhere it would take long; and a second question has to wait."""
    asked: list[set[str]] = []
    update = Client._metadata_update

    async def noted(client: Client, cluster: Any, topics: Any) -> bool:
        asked.append(set(topics))
        return await update(client, cluster, topics)

    monkeypatch.setattr(Client, "_metadata_update", noted)
    await topic.write(b"0")

    async with reader_of(topic) as log:
        ranges = await log.ranges()
        await log.read({0: ranges[0]}, everything)

    assert asked == [{topic.name}]


async def test_reads_just_the_ranges(topic: Topic) -> None:
    """Neither more nor less, of several partitions at once, oldest first."""
    for partition in (0, 2):
        for number in range(10):
            await topic.write(b"%d" % number, partition=partition)

    async with reader_of(topic) as log:
        assert await log.ranges() == {0: range(10), 1: range(0), 2: range(10), 3: range(0)}
        stretches = await log.read({0: range(3, 7), 2: range(8, 10)}, everything)
        again = await log.read({0: range(4)}, everything)

    assert {each: numbers(stretch.records) for each, stretch in stretches.items()} == {
        0: [3, 4, 5, 6],
        2: [8, 9],
    }
    assert [stretch.start for stretch in stretches.values()] == [3, 8]
    assert numbers(again[0].records) == [0, 1, 2, 3]


async def test_hands_over_records_as_they_are(topic: Topic) -> None:
    """Place, time in seconds, key, value and headers."""
    await topic.write(b"v", partition=1, second=1.5, key=b"k", headers=(("h", b"\xff"),))

    async with reader_of(topic) as log:
        stretches = await log.read({1: range(1)}, everything)

    assert stretches[1].records == (
        Record(TopicPartition(topic.name, 1), 0, START / 1000 + 1.5, b"k", b"v", (("h", b"\xff"),)),
    )


async def test_returns_the_wanted_and_counts_the_others(topic: Topic) -> None:
    """A filter costs reading, which callers bound."""
    await topic.write_many([b"%d" % number for number in range(10)])

    async with reader_of(topic) as log:
        stretches = await log.read({0: range(1, 9)}, lambda record: record.offset in (0, 2, 5, 9))

    assert numbers(stretches[0].records) == [2, 5]
    assert (stretches[0].start, stretches[0].scanned) == (1, 8)


async def test_transaction_markers_end_a_range(topic: Topic) -> None:
    """Offsets that hold no record are passed, also where nothing follows them."""
    await topic.write(b"0")
    await topic.write_marker()
    await topic.write(b"2")
    for _ in range(3):
        await topic.write_marker()

    async with reader_of(topic) as log:
        assert (await log.ranges())[0] == range(6)
        whole = await log.read({0: range(6)}, everything)
        markers = await log.read({0: range(3, 6)}, everything)

    assert numbers(whole[0].records) == [0, 2]
    assert markers[0].records == ()


async def test_a_range_that_ends_in_nothing_ends_all_the_same(topic: Topic) -> None:
    """Compaction leaves offsets at its end that no fetch will ever pass."""
    for partition in (0, 1):
        for number in range(5):
            await topic.write(b"%d" % number, partition=partition)

    async with reader_of(topic) as log:
        stretches = await log.read({0: range(2, 9), 1: range(5, 9), 2: range(4)}, everything)

    assert numbers(stretches[0].records) == [2, 3, 4]
    assert stretches[1].records == stretches[2].records == ()


async def test_a_range_beyond_the_log_holds_nothing(topic: Topic) -> None:
    """The topic was made anew since its ranges were asked for."""
    await topic.write(b"0")
    await topic.write(b"0", partition=1)

    async with reader_of(topic) as log:
        stretches = await log.read({0: range(100, 110), 1: range(1)}, everything)

    assert stretches[0].records == ()
    assert numbers(stretches[1].records) == [0]


async def test_a_range_that_was_trimmed_holds_the_rest(topic: Topic) -> None:
    """Retention may drop the oldest records between two calls."""
    for _ in range(8):
        await topic.write(b"x" * 900 * KIB)

    async with reader_of(topic) as log:
        start = (await log.ranges())[0].start
        stretches = await log.read({0: range(8)}, everything)

    assert start > 0
    assert [record.offset for record in stretches[0].records] == list(range(start, 8))


async def test_holds_the_newest_of_what_is_too_much(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded over all ranges; the caller reads the older ones when it has room."""
    monkeypatch.setattr(log_reader, "HELD_BYTES", 2 * 35)
    for partition in (0, 1):
        await topic.write_many([b"x" * 10] * 5, partition=partition)

    async with reader_of(topic) as log:
        stretches = await log.read({0: range(5), 1: range(5)}, everything)

    for stretch in stretches.values():
        assert [record.offset for record in stretch.records] == [2, 3, 4]
        assert (stretch.start, stretch.scanned) == (2, 5)


async def test_holds_one_record_whatever_its_size(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise nobody could ever read past it; nor does it hide those of other partitions."""
    monkeypatch.setattr(log_reader, "HELD_BYTES", 1000)
    await topic.write(b"0")
    await topic.write(b"x" * 3000 * KIB)
    await topic.write(b"0", partition=1)

    async with reader_of(topic) as log:
        stretches = await log.read({0: range(2), 1: range(1)}, everything)

    assert [record.offset for record in stretches[0].records] == [1]
    assert stretches[0].start == 1
    assert numbers(stretches[1].records) == [0]


async def test_a_late_answer_changes_no_position(topic: Topic) -> None:
    """What was asked for an earlier range must not end this one."""
    await topic.write(b"0")
    place = ClientPartition(topic.name, 0)

    async with reader_of(topic) as log:
        await log.read({0: range(1)}, everything)
        await log._find_again({place: 77}, {})
        await log._find_again({place: 77}, {place: _Reading(range(5), 100)})

        assert await log._client.position(place) == 1


async def test_a_broker_that_dies_leaves_nothing_behind() -> None:
    """Connections and tasks are closed, although aiokafka leaves its stop early here."""
    before = asyncio.all_tasks()
    async with EmbeddedBroker() as broker, Topic(broker.address) as topic:
        await topic.write(b"0")
        connection = topic.connection
        log = LogReader(connection, topic.name, request_timeout=5)
        await log.__aenter__()
        await log.read({0: range(1)}, everything)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await log.read({0: range(1)}, everything)
    await log.__aexit__()

    assert asyncio.all_tasks() == before


async def test_a_broker_that_is_not_there_leaves_nothing_behind() -> None:
    """A reader that cannot start is closed."""
    before = asyncio.all_tasks()
    async with EmbeddedBroker() as broker:
        address = broker.address

    with pytest.raises(KafkaConnectionError):
        async with LogReader(Connection(address, {"bootstrap_servers": address}), "t", 5):
            pytest.fail("there is no broker")

    assert asyncio.all_tasks() == before
