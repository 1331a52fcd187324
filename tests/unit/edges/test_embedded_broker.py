import _ctypes
import asyncio
import contextlib
import ctypes
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from app.edges import embedded_broker
from app.edges.embedded_broker import EmbeddedBroker
from app.values.errors import NotifierError
from tests.support.topic import make_topics

PARTITION = TopicPartition("notifications", 0)


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    """A running broker."""
    async with EmbeddedBroker() as started:
        yield started


async def join(broker: EmbeddedBroker) -> AIOKafkaConsumer:
    """Return a started member of the group, configured as the worker's."""
    await make_topics(broker.address, "notifications")
    consumer = AIOKafkaConsumer(
        "notifications",
        bootstrap_servers=broker.address,
        group_id="group",
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    )
    await consumer.start()
    return consumer


async def test_what_a_worker_needs(broker: EmbeddedBroker) -> None:
    """Idempotent produce, topic by metadata, group, positions, fetch and commit with metadata."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.address, acks="all", enable_idempotence=True
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await make_topics(broker.address, "notifications")
    await producer.start()
    await admin.start()
    (described,) = await admin.describe_topics(["notifications"])
    assert len(described["partitions"]) == 4
    for number in range(3):
        await producer.send_and_wait(
            "notifications", b"%d" % number, key=b"k", partition=0, headers=[("h", b"1")]
        )
    consumer = await join(broker)
    assert await consumer.beginning_offsets([PARTITION]) == {PARTITION: 0}
    assert await consumer.end_offsets([PARTITION]) == {PARTITION: 3}
    for assigned in consumer.assignment():
        consumer.seek(assigned, 0)
    values = [(await consumer.getone()).value for _ in range(3)]
    assert values == [b"0", b"1", b"2"]
    await consumer.commit({PARTITION: OffsetAndMetadata(2, "n1:" + "x" * 3997)})
    committed = await admin.list_consumer_group_offsets("group", partitions=[PARTITION])
    assert committed == {PARTITION: OffsetAndMetadata(2, "n1:" + "x" * 3997)}
    await consumer.stop()
    await producer.stop()
    await admin.close()


async def test_the_first_member_joins_at_once(broker: EmbeddedBroker) -> None:
    """A group's first assignment does not wait for further members, as it does by default."""
    started = time.perf_counter()
    consumer = await join(broker)
    assert time.perf_counter() - started < 1.5
    assert len(consumer.assignment()) == 4
    await consumer.stop()


async def test_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    """The address is on 127.0.0.1, with the port that was free."""
    host, port = broker.address.split(":")
    assert host == "127.0.0.1"
    assert int(port) > 0


async def test_two_brokers_are_apart(broker: EmbeddedBroker) -> None:
    """Each broker has its own address and its own topics."""
    async with EmbeddedBroker() as other:
        assert other.address != broker.address
        for address, expected in ((broker.address, ["mine"]), (other.address, [])):
            admin = AIOKafkaAdminClient(bootstrap_servers=address)
            await admin.start()
            for name in expected:
                await make_topics(address, name)
            assert await admin.list_topics() == expected
            await admin.close()


async def test_gone_when_left_even_with_open_connections() -> None:
    """Leaving closes the port and open connections quickly, whatever clients do."""
    async with EmbeddedBroker() as broker:
        host, port = broker.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        started = time.perf_counter()
    assert time.perf_counter() - started < 2
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


async def test_garbage_neither_harms_nor_shows(
    broker: EmbeddedBroker, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is no Kafka request ends its own connection; nothing is written to the terminal."""
    host, port = broker.address.split(":")
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x04\xff\xff\xff\xff", b"\xff" * 100):
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(5):
            with contextlib.suppress(OSError):  # it may be cut off at any moment
                writer.write(garbage)
                writer.write_eof()
                await reader.read()
        writer.close()
    consumer = await join(broker)
    await consumer.stop()
    assert capfd.readouterr() == ("", "")


def test_a_process_that_never_leaves_it_still_ends() -> None:
    """No thread of librdkafka keeps a process from ending, and nothing is printed."""
    code = """
import asyncio
from app.edges.embedded_broker import EmbeddedBroker
kept = EmbeddedBroker()
asyncio.run(kept.__aenter__())
print(kept.address)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.stdout.startswith("127.0.0.1:")
    assert ended.stderr == ""


def test_no_librdkafka() -> None:
    """Where its functions are not to be found, the error says what to set instead."""
    with pytest.raises(NotifierError, match="NOTIFIER_KAFKA__BOOTSTRAP_SERVERS"):
        embedded_broker._load(_ctypes.__file__)


class RefusingLibrary:
    """A librdkafka that cannot make a client."""

    destroyed: int | None = None

    def rd_kafka_conf_new(self) -> int:
        """Make a configuration."""
        return 7

    def rd_kafka_conf_set(self, *_: object) -> int:
        """Take anything."""
        return 0

    def rd_kafka_conf_set_log_cb(self, *_: object) -> None:
        """Take anything."""

    def rd_kafka_new(self, _type: int, _configuration: int, error: Any, _size: int) -> None:
        """Refuse."""
        error.value = b"no descriptors left"

    def rd_kafka_conf_destroy(self, configuration: int) -> None:
        """Remember it."""
        self.destroyed = configuration


def test_refusal_carries_the_reason() -> None:
    """Where librdkafka cannot start, its reason is told and its configuration is given back."""
    library = RefusingLibrary()
    with pytest.raises(NotifierError, match="did not start: no descriptors left"):
        embedded_broker._Cluster(cast("ctypes.CDLL", library))
    assert library.destroyed == 7
