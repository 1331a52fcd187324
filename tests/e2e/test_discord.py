"""Discord's webhooks, by Discord's rules: the stand-in refuses what Discord refuses."""

from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.support.discord.limits import Limits, Rate
from tests.support.discord_server import DiscordServer, discord_server
from tests.support.end_to_end import World, hooks
from tests.support.http_server import Answer, HttpServer

__all__ = ["hooks"]

pytestmark = pytest.mark.usefixtures("no_inbox")

RATE = Rate(5, 1.0)
COUNT = 120
THREADED = 40
PERIODS = 4  # one to find out, and three with fifty each


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """Five requests a second to each webhook."""
    async with discord_server(Limits(webhook=RATE, channel=None)) as server:
        yield server


def envelope(content: str, url: str) -> dict[str, Any]:
    """Return what producers write."""
    return {
        "message_id": f"id-{content}",
        "content": content,
        "channels": ["webhook"],
        "metadata": {"title": f"Signal {content}"},
        "ordering_key": "one",
        "kwargs": {"webhook_url": url, "color": 255},
    }


async def test_a_burst_to_one_webhook_is_merged_within_its_limits(
    world: World, discord: DiscordServer
) -> None:
    """All of it arrives, once and in order, ten to a request; its limit is never met."""
    url = discord.create()
    service = await world.service()
    publish = await world.publisher(service)
    await service.client.post("/pause")
    await publish(*(envelope(f"{number:03}", url) for number in range(COUNT)), key=b"one")
    await service.client.post("/resume")
    stats = await service.until_stats(lambda got: got["messages_sent"] == COUNT, seconds=30)
    assert (stats["messages_consumed"], stats["messages_dead_lettered"]) == (COUNT, 0)
    shown = [card["description"] for card in discord.records.shown]
    assert shown == [f"{number:03}" for number in range(COUNT)]
    statuses = Counter(exchange.status for exchange in discord.records.exchanges)
    assert statuses[429] <= 1
    assert statuses.total() <= RATE.requests * PERIODS
    assert set(statuses) <= {200, 204, 429}


async def test_the_threads_of_a_webhook_share_its_limit(
    world: World, discord: DiscordServer
) -> None:
    """Four threads do not get four times as many requests as Discord allows."""
    url = discord.create("1000000000000000003", threads=("1", "2", "3", "4"))
    service = await world.service()
    publish = await world.publisher(service)
    await publish(
        *(
            envelope(f"{number:03}", f"{url}?thread_id={number % 4 + 1}")
            for number in range(THREADED)
        ),
        key=b"one",
    )
    await service.until_stats(lambda got: got["messages_sent"] == THREADED, seconds=40)
    statuses = Counter(exchange.status for exchange in discord.records.exchanges)
    assert statuses[429] <= 1


async def test_a_chat_reads_in_the_order_of_the_partition(world: World, hooks: HttpServer) -> None:
    """Answers take their time and some fail: a hundred records of one key arrive as written."""
    jitter = Random(7)
    answers = [204] * 9 + [500]
    hooks.behaviour = lambda _: Answer(jitter.choice(answers), delay=jitter.random() * 0.05)
    service = await world.service({"NOTIFIER_RETRY__BASE_DELAY": "0.05"})
    publish = await world.publisher(service)
    url = hooks.url("/api/webhooks/1000000000000000009/token")
    texts = [f"{number:03}" for number in range(100)]
    await publish(
        *(
            envelope(text, url) | {"ordering_key": None, "priority": int(text) % 3}
            for text in texts
        ),
        key=b"strategy",
    )
    await service.until_stats(lambda got: got["messages_sent"] == len(texts), seconds=40)
    shown = [each.json["embeds"][0]["description"] for each in hooks.received]
    assert list(dict.fromkeys(shown)) == texts


async def test_three_that_are_not_let_in_stop_a_destination_and_lose_nothing(
    world: World, hooks: HttpServer
) -> None:
    """It is denied, what is for it is put aside, and there is no dead letter."""
    hooks.behaviour = Answer(401)
    service = await world.service()
    publish = await world.publisher(service)
    await publish(*(envelope(str(number), hooks.url("/hook")) for number in range(20)))
    stats = await service.until_stats(
        lambda got: any(each["state"] == "denied" for each in got["destinations"].values())
    )
    assert (stats["messages_dead_lettered"], stats["messages_failed"]) == (0, 0)
    await service.until_stats(lambda got: got["messages_deferred"] >= 3)
    letters = (await service.client.get("/dead-letters")).json()["dead_letters"]
    assert letters == []


async def test_a_deleted_webhook_takes_no_other_with_it(
    world: World, discord: DiscordServer
) -> None:
    """Its notifications become dead letters at once; it is asked once and no more."""
    gone = discord.create("1000000000000000001")
    there = discord.create("1000000000000000002")
    discord.delete("1000000000000000001")
    service = await world.service()
    publish = await world.publisher(service)
    await publish(
        *(envelope(f"gone {number}", gone) for number in range(5)),
        *(envelope(f"there {number}", there) for number in range(5)),
    )
    await service.until_stats(lambda got: got["messages_consumed"] == 10, seconds=15)
    letters = (await service.client.get("/dead-letters")).json()["dead_letters"]
    assert [letter["reason"] for letter in letters] == ["rejected"] * 5
    assert len(discord.records.messages) == 5
    asked = [exchange for exchange in discord.records.exchanges if exchange.status == 404]
    assert len(asked) == 1
