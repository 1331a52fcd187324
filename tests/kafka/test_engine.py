"""What the engine promises and only real Kafka can show."""

import asyncio
from typing import Any

import pytest
from aiokafka.admin import NewPartitions

from tests.support.end_to_end import World, hooks, world
from tests.support.http_server import Answer, Hang, HttpServer, Received
from tests.support.kafka_cluster import Kafka
from tests.support.topic import Topic

__all__ = ["hooks", "world"]


@pytest.fixture
def broker(kafka: Kafka) -> str:
    """Real Kafka."""
    return kafka.bootstrap


def envelope(content: str, **fields: Any) -> dict[str, Any]:
    """Return what producers write."""
    return {"message_id": f"id-{content}", "content": content, "channels": ["webhook"], **fields}


def contents(received: list[Received]) -> list[str]:
    """Return what destinations got, by text."""
    return sorted(request.json["data"]["content"] for request in received)


async def test_dead_letters_are_replayed_to_what_failed(world: World, hooks: HttpServer) -> None:
    """Planned, replayed, delivered; marked, and left out the next time."""
    hooks.behaviour = lambda request: Answer(400 if request.path == "/bad" else 200)
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*(envelope(f"b{n}", kwargs={"webhook_url": hooks.url("/bad")}) for n in range(3)))
    await publish(b"no JSON")
    await service.until_stats(lambda got: got["messages_failed"] == 4)
    hooks.behaviour = Answer(200)
    wanted = {"filter": {"reason": "rejected"}}
    plan = await service.client.post("/dead-letters/replay", json={**wanted, "dry_run": True})
    assert (plan.status_code, plan.json()["replayable"]) == (200, 3)
    begun = await service.client.post("/dead-letters/replay", json=wanted)
    assert begun.status_code == 202
    await service.until("/dead-letters/replay", lambda got: got.json()["state"] == "done")
    stats = await service.until_stats(lambda got: got["messages_sent"] == 3)
    assert stats["messages_consumed"] == 7
    letters = (await service.client.get("/dead-letters")).json()["dead_letters"]
    assert sorted(bool(letter["replayed"]) for letter in letters) == [False, True, True, True]
    again = await service.client.post("/dead-letters/replay", json={"filter": {}, "dry_run": True})
    assert (again.json()["already"], again.json()["replayable"]) == (3, 1)
    ids = [request.headers["webhook-id"] for request in hooks.received]
    assert sorted(ids[:3]) == sorted(ids[3:])  # receivers recognise them


async def test_a_new_group_of_three_starts_at_the_end_together(
    world: World, hooks: HttpServer
) -> None:
    """With ``latest`` nobody takes the group for an old one: nothing old comes, all that is new."""
    world.settings |= {
        "NOTIFIER_KAFKA__AUTO_OFFSET_RESET": "latest",
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
    }
    publish = await world.publisher(None)
    first = await world.service({"NOTIFIER_KAFKA__GROUP_ID": "another"})  # makes the topic
    await first.stop()
    await publish(*(envelope(f"old{number}") for number in range(40)))
    workers = await asyncio.gather(*(world.service() for _ in range(3)))
    await publish(*(envelope(f"new{number}") for number in range(40)))
    await hooks.wait_for(40, timeout=30)
    for worker in workers:
        await worker.until_stats(lambda got: got["in_flight"] == 0)
    assert contents(hooks.received) == sorted(f"new{number}" for number in range(40))


async def test_partitions_that_are_added_are_read_from_their_start(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Also with ``latest``: what was written there before anybody had it is not missed."""
    world.settings |= {
        "NOTIFIER_KAFKA__AUTO_OFFSET_RESET": "latest",
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
    }
    service = await world.service()
    publish = await world.publisher(service)
    await service.stop()
    async with kafka.admin() as admin:
        await admin.create_partitions({world.topic: NewPartitions(8)})
    await asyncio.sleep(0.5)  # until every broker knows of them
    await publish(*(envelope(f"m{number}") for number in range(60)))
    again = await world.service()
    await hooks.wait_for(60, timeout=30)
    stats = await again.until_stats(lambda got: got["in_flight"] == 0)
    assert len({each["partition"] for each in stats["partitions"]}) == 8
    assert contents(hooks.received) == sorted(f"m{number}" for number in range(60))


async def test_a_slow_offset_holds_nothing_up_and_a_restart_repeats_only_that_one(
    world: World, hooks: HttpServer
) -> None:
    """What is settled above it stands in the commit's metadata, and is skipped after a crash."""
    hooks.behaviour = lambda request: Hang() if request.path == "/hang" else Answer(200)
    world.settings |= {"NOTIFIER_WEBHOOK__TIMEOUT": "60", "NOTIFIER_KAFKA__PARTITIONS": "1"}
    service = await world.service()
    publish = await world.publisher(service)
    await publish(envelope("slow", kwargs={"webhook_url": hooks.url("/hang")}))
    await publish(*(envelope(f"m{n}", kwargs={"webhook_url": hooks.url("/ok")}) for n in range(50)))
    await service.until_stats(lambda got: got["messages_sent"] == 50 and got["lag"] == 51)
    await asyncio.sleep(1.5)  # a commit a second
    service.process.kill()
    await service.ended()
    hooks.behaviour = Answer(200)
    again = await world.service()
    stats = await again.until_stats(lambda got: got["lag"] == 0 and got["messages_sent"] == 1)
    assert stats["messages_skipped"] == 50
    assert [r.json["data"]["content"] for r in hooks.received if r.path == "/hang"] == ["slow"] * 2
    assert len([request for request in hooks.received if request.path == "/ok"]) == 50


async def test_a_record_that_the_client_cannot_decode_blocks_nothing(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """A header whose name is not UTF-8: brokers take it, and it is a record like any other."""
    world.settings |= {
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        "NOTIFIER_KAFKA__PARTITIONS": "1",
    }
    service = await world.service()
    publish = await world.publisher(service)
    await publish(envelope("before"))
    async with Topic(kafka.bootstrap, world.topic) as topic:
        await topic.write_header_name(b"\xff\xfe")
    await publish(envelope("after"))
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 3)
    assert (stats["messages_sent"], stats["messages_dead_lettered"]) == (2, 1)
    letter = (await service.client.get("/dead-letters")).json()["dead_letters"][0]
    assert "\\xff\\xfe" in letter["headers"]


async def test_a_topic_that_is_made_anew_is_read_from_its_start(
    kafka: Kafka, world: World, hooks: HttpServer
) -> None:
    """Its old offsets mean nothing any more; it is said, and the worker goes on.

    A member that looks at the group's topics while this one is away loses the partition and gets it
    back, without a commit: then the control topic knows of which topic the old offsets were.
    """
    world.settings |= {
        "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
        "NOTIFIER_KAFKA__PARTITIONS": "1",
    }
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*(envelope(f"a{number}") for number in range(5)))
    await service.until_stats(lambda got: got["messages_sent"] == 5 and got["lag"] == 0)
    async with kafka.admin() as admin:
        await admin.delete_topics([world.topic])
    await kafka.create_topic(world.topic, partitions=1)
    again = await world.publisher(service)
    await again(envelope("b0"), envelope("b1"))
    await hooks.wait_for(7, timeout=60)
    assert contents(hooks.received)[-2:] == ["b0", "b1"]
    assert f"the topic {world.topic} was deleted and recreated" in service.log
