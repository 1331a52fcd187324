"""What only real Kafka can show of records that leave: clocks, limits, a group that is shared."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from app.configured import subscription_of
from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.options import WorkerOptions
from app.engine.parts import Parts
from app.engine.worker import NotificationWorker
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from app.settings.models import KafkaSettings
from app.values.outcome import Retry
from app.values.record import Record
from tests.support.channels import KNOWN
from tests.support.control import StillBoard
from tests.support.end_to_end import World, hooks, world
from tests.support.engine import ScriptedChannel, SkewedClock, observer, until
from tests.support.http_server import Answer, HttpServer
from tests.support.kafka_cluster import Kafka

__all__ = ["hooks", "world"]

SUPPORT = Path(__file__).parents[1] / "support"
AHEAD = 600


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


def envelope(content: str, **fields: Any) -> dict[str, Any]:
    """Return what producers write."""
    return {"message_id": f"id-{content}", "content": content, "channels": ["webhook"], **fields}


async def standing(bootstrap: str, topic: str) -> list[Record]:
    """Return what stands in a topic."""
    connection = Connection(bootstrap, {"bootstrap_servers": bootstrap})
    async with LogReader(connection, topic, 5) as log:
        ranges = {number: offsets for number, offsets in (await log.ranges()).items() if offsets}
        stretches = await log.read(ranges, lambda _: True) if ranges else {}
    return [one for stretch in stretches.values() for one in stretch.records]


async def test_a_clock_that_is_ten_minutes_ahead_changes_nothing_but_what_is_said(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Nothing expires before its time, nothing is put aside in circles, and health says why."""
    hooks.behaviour = lambda request: Answer(500 if request.path.startswith("/bad/") else 200)
    world.settings |= {
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        "NOTIFIER_RETRY__MAX_ATTEMPTS": "1",
        "SECONDS_AHEAD": str(AHEAD),
        "PYTHONPATH": os.pathsep.join((str(SUPPORT / "wrong_clock"), str(SUPPORT.parents[1]))),
    }
    service = await world.service()
    publish = await world.publisher(service)
    bad = [{"webhook_url": hooks.url(f"/bad/{number}")} for number in range(50)]
    await publish(*(envelope(f"bad{number}", kwargs=each) for number, each in enumerate(bad)))
    await publish(*(envelope(f"short{number}", ttl_seconds=300) for number in range(5)))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        value = msgspec.json.encode(envelope("timeless", ttl_seconds=300))
        await producer.send_and_wait(world.topic, value, timestamp_ms=-1)
    finally:
        await producer.stop()
    stats = await service.until_stats(
        lambda got: got["messages_deferred"] == 50 and got["messages_consumed"] == 6
    )
    assert (stats["messages_sent"], stats["messages_expired"]) == (6, 0)
    await service.until_stats(lambda got: got["deferred_waiting"] == 50)
    await asyncio.sleep(3)
    assert (await service.stats())["messages_deferred"] == 50
    health = (await service.client.get("/health")).json()
    assert abs(health["clock_difference_seconds"] - AHEAD) < 30
    (said,) = (text for text in health["warnings"] if "clock" in text)
    assert said.startswith("this machine's clock is 600 s ahead of the brokers'")
    assert "problem" not in health


def large() -> bytes:
    """Return 1.25 MB of JSON that compresses as JSON does."""
    chance = random.Random(1)
    rows = [
        {"code": f"{chance.randrange(10**6):06}", "price": chance.random(), "side": "LONG"}
        for _ in range(22_000)
    ]
    return msgspec.json.encode(envelope("large", rows=rows))


async def test_a_record_that_its_producer_compressed_is_put_aside_whole(
    kafka: Kafka, unique_name: str
) -> None:
    """1.25 MB, sent with lz4 to a topic that takes 1 MiB: compressed, it goes out as it came in."""
    value = large()
    assert len(value) > 1_200_000
    topic = unique_name
    await kafka.create_topic(topic)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, compression_type="lz4", max_request_size=4_000_000
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=b"k")
    finally:
        await producer.stop()
    channel = ScriptedChannel([[Retry("503")]])
    clock = SkewedClock()
    connection = Connection(kafka.bootstrap, {"bootstrap_servers": kafka.bootstrap})
    own = Producer(
        connection, compression="zstd", now=clock.broker_now, on_append=clock.broker_said
    )
    settings = KafkaSettings(
        bootstrap_servers=kafka.bootstrap,
        topics=(topic,),
        group_id=f"{topic}-group",
        dead_letter_topic=f"{topic}.dlq",
        partitions=1,
    )
    worker = NotificationWorker(
        Parts(
            WorkerOptions(
                subscription=subscription_of(settings),
                max_in_flight=1000,
                drain_timeout=5.0,
                retry=RetryPolicy(1, base_delay=0.01, max_delay=0.01, max_age=86_400.0),
                concurrency={"webhook": 16},
            ),
            connection,
            own,
            {"webhook": channel},
            Addresses(None, None, Defaults(webhook_url="http://hooks.example/one"), KNOWN),
            clock,
            observer(clock),
            StillBoard(clock),
        )
    )
    try:
        await worker.start()
        await until(lambda: worker.snapshot().deferred_waiting == 1, 30)
        (kept,) = await standing(kafka.bootstrap, f"{settings.retry_topic}.30s")
        assert (kept.key, kept.value) == (b"k", value)
        clock.let_pass(31)
        await until(lambda: worker.snapshot().messages_sent == 1, 30)
        assert channel.contents == ["large"] * 2
        assert worker.snapshot().messages_dead_lettered == 0
        assert worker.snapshot().clock_difference_seconds is not None
    finally:
        await worker.stop(drain=False)
        await own.close()


async def test_two_services_in_one_group_send_nothing_of_each_others(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """What one has put aside waits for it wherever it is, and both say what is wrong."""
    other = f"{world.topic}-b"
    await kafka.create_topic(other)
    world.settings |= {"NOTIFIER_RETRY__MAX_AGE": "0", "NOTIFIER_RETRY__MAX_ATTEMPTS": "1"}
    hooks.behaviour = Answer(500)
    a = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/a")})
    publish = await world.publisher(a)
    for number in range(20):  # keys of their own, so that both services get some of them back
        await publish(envelope(f"a{number}"), key=b"%d" % number)
    await a.until_stats(lambda got: got["messages_failed"] == 20)
    hooks.behaviour = Answer(200)
    hooks.received.clear()
    b = await world.service(
        {
            "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/b"),
            "NOTIFIER_KAFKA__TOPICS": other,
        }
    )
    await a.until_stats(lambda got: any(p["topic"] == world.topic for p in got["partitions"]))
    await a.client.post("/dead-letters/replay", json={"filter": {}})
    async with asyncio.timeout(30):
        while (await a.stats())["messages_sent"] + (await b.stats())["parked"] < 20:  # noqa: ASYNC110 - two processes fill it
            await asyncio.sleep(0.1)
    for service, theirs in ((a, other), (b, world.topic)):
        answer = await service.until(
            "/health", lambda got: any("other topics" in text for text in got.json()["warnings"])
        )
        (named,) = (text for text in answer.json()["warnings"] if "other topics" in text)
        assert f"({theirs} at 127.0.0.1)" in named
        assert "a group id of its own" in named
    parked = (await b.stats())["parked"]
    said = (await b.client.get("/health")).json()["warnings"]
    assert any(f"of {world.topic} wait" in text for text in said)
    assert (await b.stats())["messages_consumed"] == 0
    await b.stop()
    await a.until_stats(lambda got: got["messages_sent"] == 20)
    assert 0 < parked < 20
    assert {request.path for request in hooks.received} == {"/a"}
    assert len(hooks.received) == 20
