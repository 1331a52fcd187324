"""Brokers that come back under other addresses: found again, and nothing lost or said twice."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.group.subscription import Subscription
from app.engine.options import WorkerOptions
from app.engine.parts import Parts
from app.engine.worker import NotificationWorker
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from tests.support.channels import KNOWN
from tests.support.control import StillBoard
from tests.support.engine import ScriptedChannel, SkewedClock, observer, until
from tests.support.kafka_cluster import KafkaCluster
from tests.support.tcp_proxy import TcpProxy
from tests.support.tools import Tools
from tests.support.topic import no_marks

TOPIC, DEAD_LETTERS = "notifications", "notifications.dlq"
SILENCE = 4.0


class Town(NamedTuple):
    """A broker that moves, the address that stays, and a worker that knows that one alone."""

    kafka: KafkaCluster
    now: TcpProxy  # where the broker says it is; it has no other door
    later: TcpProxy  # where it will be
    connection: Connection
    worker: NotificationWorker
    channel: ScriptedChannel

    async def publish(self, *values: bytes) -> None:
        """Write records past all proxies' doors, as a producer of somebody else's."""
        producer = Producer(self.connection)
        try:
            for value in values:
                await producer.send(TOPIC, None, value)
        finally:
            await producer.close()

    async def move(self) -> None:
        """Go away, and come back elsewhere."""
        await self.kafka.kill_broker(0)
        self.now.close()
        self.kafka.advertise(0, self.later.address)
        await self.kafka.start_broker(0)

    async def dead_letters(self) -> list[str]:
        """Return the values of all dead letters."""
        letters = DeadLetters(self.connection, DEAD_LETTERS, no_marks)
        page = await letters.page(limit=100)
        return sorted(each.value or "" for each in page.dead_letters)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A broker, and a worker that runs."""
    tools = Tools.here()
    async with AsyncExitStack() as stack:
        way_in, now, later = [
            await stack.enter_async_context(TcpProxy("127.0.0.1:1")) for _ in range(3)
        ]
        kafka = KafkaCluster(
            tmp_path / "kafka",
            java=tools.java(),
            jars=tools.kafka_jars(),
            brokers=1,
            advertised=now.address,
        )
        way_in.target = now.target = later.target = kafka.bootstrap
        await stack.enter_async_context(kafka)
        connection = Connection(way_in.address, {"bootstrap_servers": way_in.address})
        producer = Producer(connection, patience=SILENCE)
        stack.push_async_callback(producer.close)
        channel = ScriptedChannel()
        worker = worker_of(connection, producer, channel)
        stack.push_async_callback(worker.stop)
        await worker.start()
        yield Town(kafka, now, later, connection, worker, channel)


def worker_of(
    connection: Connection, producer: Producer, channel: ScriptedChannel
) -> NotificationWorker:
    """Return a worker with little patience for brokers that say nothing."""
    options = WorkerOptions(
        subscription=Subscription(
            topics=(TOPIC,),
            dead_letter_topic=DEAD_LETTERS,
            retry_prefix="notifications.retry",
            control_topic="notifications.control",
            group_id="group",
            start_at_earliest=True,
            max_poll_records=500,
            partitions=2,
            replication_factor=1,
        ),
        max_in_flight=1000,
        drain_timeout=5.0,
        retry=RetryPolicy(3, base_delay=0.1, max_delay=0.1, max_age=86_400.0),
        concurrency={"webhook": 16},
        silence=SILENCE,
    )
    addresses = Addresses(None, None, Defaults(webhook_url="http://hooks.example/one"), KNOWN)
    clock = SkewedClock()
    return NotificationWorker(
        Parts(
            options,
            connection,
            producer,
            {"webhook": channel},
            addresses,
            clock,
            observer(clock),
            StillBoard(clock),
        )
    )


def envelopes(first: int, last: int) -> list[bytes]:
    """Return notifications without an id, by which nobody could tell a repeat."""
    return [
        msgspec.json.encode({"content": f"{number}", "channels": ["webhook"]})
        for number in range(first, last)
    ]


async def test_a_broker_that_moves_is_found_from_the_bootstrap_address(town: Town) -> None:
    """By the consumer and by the producer; each notification arrives once."""
    await town.publish(*envelopes(0, 10), b"no JSON 0")
    await until(lambda: town.worker.snapshot().messages_consumed == 11)
    await until(lambda: town.worker.snapshot().lag == 0)
    await town.move()
    await town.publish(*envelopes(10, 20), b"no JSON 1")
    await until(lambda: town.worker.snapshot().messages_consumed == 22, seconds=60)
    assert sorted(map(int, town.channel.contents)) == list(range(20))
    assert await town.dead_letters() == ["no JSON 0", "no JSON 1"]
    assert town.worker.get_health_status()["is_running"]
