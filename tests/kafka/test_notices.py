"""The operator's notices, in a group of real workers on real Kafka."""

import asyncio
import signal
from collections.abc import Mapping

import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.log_reader import LogReader
from app.policies.books.notices import NoticeBook
from app.values.record import Record
from tests.e2e.test_notices import said, to
from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import Answer, HttpServer, http_server
from tests.support.kafka_cluster import Kafka, KafkaCluster
from tests.support.service import ServiceProcess

__all__ = ["hooks", "world"]

FAILING = 40
SETTINGS = {
    "NOTIFIER_OPERATOR__AFTER": "3",
    "NOTIFIER_OPERATOR__EVERY": "3600",
    "NOTIFIER_RETRY__BASE_DELAY": "0.01",
    "NOTIFIER_RETRY__MAX_DELAY": "0.01",
}
HOOK_IS_DOWN = "has not worked since"
HOOK_IS_BACK = "works again"
KAFKA_IS_AWAY = "has had no word from Kafka since"
KAFKA_IS_BACK = "hears from Kafka again"

PATIENCE = 240.0
"""Seconds: it is said after a minute at the earliest; on a busy machine two were once too few."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


async def told(sink: HttpServer, words: str, count: int = 1) -> list[str]:
    """Wait until the operator was told that, so often; return the messages that say it.

    Brokers that have just started may not answer for long: that is told as well, and not asked for.
    """
    async with asyncio.timeout(PATIENCE):
        while (
            len(found := [text for each in sink.received if words in (text := said(each))]) < count
        ):
            await sink.wait_for(len(sink.received) + 1, timeout=PATIENCE)
    return found


async def started(world: World, settings: Mapping[str, str]) -> ServiceProcess:
    """Start a worker, and wait until it has joined the group."""
    service = await world.service({**SETTINGS, **settings}, ready=False)
    await service.ready(90)
    return service


async def written_down(world: World) -> None:
    """Wait until what was told of the hook stands in the control topic."""
    assert world.bootstrap is not None
    connection = Connection(world.bootstrap, {"bootstrap_servers": world.bootstrap})
    book = NoticeBook(world.group)

    def take(record: Record) -> bool:
        book.take(record.key, record.value, 0.0)
        return False

    async with (
        asyncio.timeout(60),
        LogReader(connection, f"notifications.control.{world.group}", 10.0) as log,
    ):
        while not any(book.told.values()):
            await log.read(await log.ranges(), take)


async def test_one_worker_of_the_group_speaks_and_another_goes_on(
    world: World, hooks: HttpServer
) -> None:
    """Both meet the broken destination; it is told once, and after a crash not once more."""
    hooks.behaviour = Answer(503)
    async with http_server() as sink:
        notify = {"NOTIFIER_OPERATOR__NOTIFY": sink.url("/ops")}
        workers = [await started(world, notify), await started(world, notify)]
        for worker in workers:
            await worker.until_stats(lambda got: 0 < len(got["partitions"]) < 24, seconds=60)
        publish = await world.publisher(None)
        for number in range(FAILING):
            await publish(to(hooks.url("/hook"), number), key=str(number).encode())
        await told(sink, HOOK_IS_DOWN)
        shares = [(await each.stats())["partitions"] for each in workers]
        places = [{(one["topic"], one["partition"]) for one in share} for share in shares]
        speaks = [(world.topic, 0) in each for each in places].index(True)
        speaker, other = workers[speaks], workers[1 - speaks]
        await written_down(world)
        await speaker.stop(signal.SIGKILL)
        await other.until_stats(lambda got: len(got["partitions"]) == 24, seconds=90)
        hooks.behaviour = Answer(204)
        [back] = await told(sink, HOOK_IS_BACK)
    assert len(await told(sink, HOOK_IS_DOWN)) == 1
    assert hooks.url("/").removesuffix("/") in back


async def test_every_worker_says_that_it_has_lost_kafka(
    world: World, kafka_cluster: KafkaCluster
) -> None:
    """Each for itself, past Kafka; and that the brokers are back."""
    async with http_server() as sink:
        notify = {"NOTIFIER_OPERATOR__NOTIFY": sink.url("/ops")}
        await started(world, notify)
        await started(world, notify)
        for node in range(3):
            await kafka_cluster.kill_broker(node)
        lost = await told(sink, KAFKA_IS_AWAY, 2)
        assert len({text.rpartition("Told by worker ")[2] for text in lost}) == 2
        await kafka_cluster.start()
        await told(sink, KAFKA_IS_BACK, 2)
