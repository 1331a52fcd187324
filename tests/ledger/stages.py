"""What cannot be judged by the common books: each says itself what it expects, exactly."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from tests.ledger.flow import Published
from tests.ledger.recorder import Mood
from tests.ledger.run import PARTITIONS, Run
from tests.ledger.verdict import Expected
from tests.support.service import ServiceProcess

RATE = 250.0
COUNT = 2000
IN_FLIGHT = 5.0
"""Seconds after which everything that was published is delivered and committed."""
NOTICED = 6.0
"""Seconds until every worker has noticed that a topic is another one."""


class Stage(NamedTuple):
    """Something that happens, and returns what is to be expected then."""

    act: Callable[[Run], Awaitable[Expected]]
    replicas: int | None = None  # of the consumed topic; None if workers make it


async def topic_recreated(run: Run) -> Expected:
    """The consumed topic is deleted under running workers, and recreated.

    What was in flight of the old one may be lost. What is written to the new one at once may be
    sent twice, later nothing.
    """
    await _publish(run, COUNT)
    deleted_at = time.time()
    async with run.cluster.admin() as admin:
        await admin.delete_topics([run.observer.topic])
    await run.cluster.create_topic(run.observer.topic, partitions=PARTITIONS, replication_factor=3)
    published = run.flow.published
    in_flight = frozenset(
        name for name, each in published.items() if each.at > deleted_at - IN_FLIGHT
    )
    for name in in_flight:
        del published[name]
    old = set(published)
    await _publish(run, COUNT // 4)
    at_once = frozenset(published.keys() - old)
    await run.expect_said(run.observer.topic, "was deleted and recreated")
    await run.balanced()
    await asyncio.sleep(NOTICED)
    await _publish(run, COUNT)
    return Expected(in_flight, at_once)


async def log_cut(run: Run) -> Expected:
    """A broker loses power, and a log its end: nothing is sent again, and it is said how much.

    All had been delivered; so what is lost is nothing but offsets.
    """
    await _publish(run, COUNT)
    await run.settle()
    await asyncio.sleep(IN_FLIGHT)  # committed
    topic, number = run.observer.topic, run.chance.randrange(PARTITIONS)
    before = await _end(run, number)
    await run.cluster.cut_log(topic, number, run.chance.uniform(0.05, 0.5))
    lost = before - await _end(run, number)
    await run.expect_said(f"{topic}/{number}", f"{lost:,} offsets", "going on at its new end")
    await run.balanced()
    vanished = sum([(await each.stats())["messages_vanished"] for each in run.workers])
    if not 0 < lost == vanished:
        run.surprises.append(f"{lost} offsets are lost, and workers say {vanished}")
    await _publish(run, COUNT)
    return Expected()


async def two_services(run: Run) -> Expected:
    """Two services have one group id, by mistake: neither sends what is the other's.

    What one has put aside and the other is given waits until the other service is gone.
    """
    topics = {"/0": run.observer.topic, "/1": f"{run.observer.topic}-other"}
    await run.end_worker(run.workers[0], signal.SIGTERM)
    others = [await run.start_worker(settings=_service(run, "/1", topics)) for _ in range(2)]
    for worker in [each for each in run.workers if each not in others]:
        await run.end_worker(worker, signal.SIGTERM)
    ours = [await run.start_worker(settings=_service(run, "/0", topics)) for _ in range(2)]
    run.recorder.moods |= dict.fromkeys(topics, Mood.FAILING)
    names = {path: await _publish_homeless(run, path, topics[path]) for path in topics}
    await run.expect_said(run.observer.group, "consume other topics")
    await asyncio.sleep(15)  # everything is put aside
    run.recorder.heal()
    await _end_all(run, others)
    await _accepted(run, names["/0"])
    await run.start_worker(settings=_service(run, "/1", topics))
    await _end_all(run, ours)
    await _accepted(run, names["/1"])
    for path, these in names.items():
        astray = [name for name in these if run.recorder.accepted[name].paths - {path}]
        if astray:
            run.surprises.append(f"of {path}, and sent elsewhere: {astray[:20]}")
    return Expected()


async def _publish(run: Run, count: int) -> None:
    enough = asyncio.Event()
    enough.set()
    await run.flow.publish(count, RATE, enough)


async def _end(run: Run, number: int) -> int:
    partition = TopicPartition(run.observer.topic, number)
    async with AIOKafkaConsumer(bootstrap_servers=run.cluster.bootstrap) as client:
        (end,) = (await client.end_offsets([partition])).values()
    return int(end)


def _service(run: Run, path: str, topics: Mapping[str, str]) -> dict[str, str]:
    return {
        "NOTIFIER_KAFKA__TOPICS": topics[path],
        "NOTIFIER_KAFKA__DEAD_LETTER_TOPIC": f"{topics[path]}.dlq",
        "NOTIFIER_WEBHOOK__DEFAULT_URL": run.recorder.url(int(path[1:])),
    }


async def _publish_homeless(run: Run, path: str, topic: str) -> list[str]:
    """Publish notifications that name no address: each service has its own for them."""
    names = [f"{path[1:]}-{number}" for number in range(COUNT // 5)]
    servers = {"bootstrap_servers": run.cluster.bootstrap}
    producer = Producer(Connection(run.cluster.bootstrap, servers))
    try:
        written = await asyncio.gather(
            *(producer.write(topic, name.encode(), _homeless(name)) for name in names)
        )
    finally:
        await producer.close()
    for name, ((_, partition), offset) in zip(names, written, strict=True):
        run.flow.published[name] = Published(partition, offset, time.time(), None)
    return names


def _homeless(name: str) -> bytes:
    return msgspec.json.encode({"content": name, "channels": ["webhook"]})


async def _end_all(run: Run, workers: list[ServiceProcess]) -> None:
    await asyncio.gather(*(run.end_worker(each, signal.SIGTERM) for each in workers))


async def _accepted(run: Run, names: list[str]) -> None:
    """Wait until all of these have arrived; a surprise if they do not."""
    deadline = time.monotonic() + 120
    while missing := [name for name in names if name not in run.recorder.accepted]:
        if time.monotonic() > deadline:
            run.surprises.append(f"{len(missing)} do not arrive: {missing[:20]}")
            return
        await asyncio.sleep(0.2)


STAGES: Mapping[str, Stage] = {
    "topic recreated": Stage(topic_recreated),
    "a log loses its end": Stage(log_cut, replicas=1),
    "two services in one group": Stage(two_services),
}
