"""From a record on the topic to what a destination received."""

import asyncio
from typing import Any

import pytest

from tests.support.end_to_end import World
from tests.support.http_server import Answer, Behaviour, Hang, HttpServer, Raw
from tests.support.service import ServiceProcess

pytestmark = pytest.mark.usefixtures("no_inbox")

DISCORD = "/api/webhooks/123456789/token-that-is-secret"


def envelope(content: str, **fields: Any) -> dict[str, Any]:
    """Return what producers write."""
    return {"message_id": f"id-{content}", "content": content, "channels": ["webhook"], **fields}


async def consumed(service: ServiceProcess, count: int) -> dict[str, Any]:
    """Wait until so many are, and return the statistics."""
    return await service.until_stats(lambda got: got["messages_consumed"] == count, seconds=10)


async def test_test_notifications_reach_the_inbox(world: World) -> None:
    """Five of each type are consumed and sent, and the inbox shows them as the table has them."""
    service = await world.service({"NOTIFIER_INBOX": "true"})
    seen = 0
    kinds = {"webhook": 5, "email": 5, "multi": 10, "trading": 5, "alert": 5}
    for turn, (kind, cards) in enumerate(kinds.items(), 1):
        answer = await service.client.post(f"/test-notifications?type={kind}&count=5")
        assert answer.status_code == 202
        assert answer.json()["published"] == 5
        stats = await consumed(service, 5 * turn)
        assert (stats["messages_sent"], stats["success_rate"]) == (5 * turn, 1.0)
        newest_first = (await service.client.get("/inbox")).json()["cards"]
        shown = newest_first[: len(newest_first) - seen]
        seen = len(newest_first)
        assert len(shown) == cards
        titles = {card["title"] for card in shown}
        if kind == "webhook":
            assert titles == {"🔔 Webhook 测试通知"}
            assert {card["color"] for card in shown} == {0x5865F2}
            assert any(card["text"].startswith("测试消息 #1 - ") for card in shown)
        if kind == "trading":
            codes = ("AAPL", "GOOGL", "TSLA", "MSFT", "AMZN")
            assert titles == {f"交易信号: {code}" for code in codes}


async def test_webhooks_of_both_kinds_get_what_they_expect(world: World, hooks: HttpServer) -> None:
    """A Discord URL gets an embed, any other the Standard Webhooks form with its headers."""
    service = await world.service()
    publish = await world.publisher(service)
    await publish(
        envelope(
            "discord",
            metadata={"title": "Title"},
            kwargs={"webhook_url": hooks.url(DISCORD), "color": 255},
        ),
        envelope("generic", priority=2, kwargs={"webhook_url": hooks.url("/hook")}),
    )
    received = {request.path: request for request in await hooks.wait_for(2)}
    embed = received[DISCORD].json["embeds"][0]
    assert (embed["title"], embed["description"], embed["color"]) == ("Title", "discord", 255)
    assert received[DISCORD].json["allowed_mentions"] == {"parse": []}
    generic = received["/hook"]
    assert generic.json["type"] == "notification"
    assert generic.json["data"]["content"] == "generic"
    assert generic.json["data"]["priority"] == 2
    assert generic.headers["webhook-id"]
    assert generic.headers["webhook-timestamp"]
    stats = await service.until_stats(lambda got: got["messages_sent"] == 2)
    assert "token-that-is-secret" not in str(stats)
    assert "token-that-is-secret" not in service.log


async def test_bad_records_block_nothing_and_are_kept(world: World, hooks: HttpServer) -> None:
    """Garbage of every kind goes to the dead letters with its reason; the good ones arrive."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    publish = await world.publisher(service)
    await publish(
        b"",
        b"\x00\xff\xfe",
        b"null",
        b'{"content": 5, "channels": ["webhook"]}',
        b'{"message_type": "simple", "content": "x", "user_uuid": "nobody"}',
        b"[" * 100_000,
        envelope("good"),
    )
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 7)
    assert (stats["messages_sent"], stats["messages_failed"]) == (1, 6)
    assert stats["messages_dead_lettered"] == 6
    letters = (await service.client.get("/dead-letters?limit=10")).json()["dead_letters"]
    assert sorted(letter["reason"] for letter in letters) == ["invalid"] * 5 + ["unroutable"]
    one = letters[0]
    again = await service.client.get(f"/dead-letters/{one['id']}")
    assert again.json()["origin"] == one["origin"]
    only = await service.client.get("/dead-letters?reason=unroutable")
    assert [letter["reason"] for letter in only.json()["dead_letters"]] == ["unroutable"]


async def test_a_bad_destination_is_its_own_problem(world: World, hooks: HttpServer) -> None:
    """Hanging, garbage, refusing and redirecting destinations delay nobody and lose nothing."""
    answers: dict[str, Behaviour] = {
        "/hang": Hang(),
        "/garbage": Raw(b"\x16\x03\x01 not http at all\r\n\r\n"),
        "/refuse": Answer(404),
        "/redirect": Answer(302, headers={"Location": "/good"}),
        "/down": Answer(503),
    }
    hooks.behaviour = lambda request: answers.get(request.path, Answer(200))
    service = await world.service(
        {
            "NOTIFIER_WEBHOOK__TIMEOUT": "0.3",
            "NOTIFIER_RETRY__MAX_ATTEMPTS": "2",
            "NOTIFIER_RETRY__BASE_DELAY": "0.01",
            "NOTIFIER_RETRY__MAX_AGE": "0",
        }
    )
    publish = await world.publisher(service)
    bad = ("/hang", "/garbage", "/refuse", "/redirect", "/down")
    await publish(*(envelope(path, kwargs={"webhook_url": hooks.url(path)}) for path in bad))
    await publish(
        *(envelope(f"g{n}", kwargs={"webhook_url": hooks.url("/good")}) for n in range(10))
    )
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 15)
    assert (stats["messages_sent"], stats["messages_failed"]) == (10, 5)
    assert stats["messages_retried"] == 3
    letters = (await service.client.get("/dead-letters?limit=10")).json()["dead_letters"]
    reasons = sorted(letter["reason"] for letter in letters)
    assert reasons == ["exhausted", "exhausted", "exhausted", "rejected", "rejected"]


async def test_a_rate_limit_is_obeyed_and_nothing_is_lost(world: World, hooks: HttpServer) -> None:
    """A 429 with Retry-After holds this destination alone; then everything arrives once."""
    hooks.script.append(Answer(429, headers={"Retry-After": "1"}))
    service = await world.service()
    publish = await world.publisher(service)
    await publish(
        *(envelope(f"l{n}", kwargs={"webhook_url": hooks.url("/limited")}) for n in range(3)),
        envelope("free", kwargs={"webhook_url": hooks.url("/free")}),
    )
    await service.until_stats(
        lambda got: any(d["state"] == "rate_limited" for d in got["destinations"].values())
    )
    stats = await service.until_stats(lambda got: got["messages_sent"] == 4)
    assert stats["messages_retried"] == 0
    requests = [request for request in hooks.received if request.path == "/limited"]
    accepted = [request.json["data"]["content"] for request in requests]
    assert sorted(accepted[-3:]) == ["l0", "l1", "l2"]


async def test_private_addresses_are_refused_unless_allowed(
    world: World, hooks: HttpServer
) -> None:
    """The address guard refuses loopback; the inbox alone is exempt."""
    settings = {"NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": "[]", "NOTIFIER_INBOX": "true"}
    service = await world.service(settings)
    publish = await world.publisher(service)
    await publish(envelope("private", kwargs={"webhook_url": hooks.url("/private")}))
    await publish(envelope("inbox"))
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 2)
    assert (stats["messages_sent"], stats["messages_failed"]) == (1, 1)
    assert hooks.received == []


async def test_expired_notifications_are_not_sent(world: World, hooks: HttpServer) -> None:
    """Past ``expires_at`` or ``ttl_seconds`` nothing is sent, and it counts as expired."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    publish = await world.publisher(service)
    await publish(
        envelope("old", expires_at="2020-01-01T00:00:00Z"),
        envelope("older", timestamp="2020-01-01T00:00:00", ttl_seconds=60),
        envelope("fresh", ttl_seconds=3600),
    )
    stats = await service.until_stats(lambda got: got["messages_consumed"] == 3)
    assert (stats["messages_expired"], stats["messages_sent"]) == (2, 1)
    assert [request.json["data"]["content"] for request in hooks.received] == ["fresh"]


async def test_an_idempotency_key_delivers_once(world: World, hooks: HttpServer) -> None:
    """The same request twice is one notification; a list is published as a whole or not at all."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    body = [{"content": "once", "channels": ["webhook"]}]
    keyed = {"Idempotency-Key": "order-1"}
    first = await service.client.post("/notifications", json=body, headers=keyed)
    second = await service.client.post("/notifications", json=body, headers=keyed)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    refused = await service.client.post("/notifications", json=[*body, {"content": ""}])
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    stats = await service.until_stats(lambda got: got["messages_duplicate"] == 1)
    assert stats["messages_sent"] == 1
    assert len(hooks.received) == 1
    assert stats["in_flight"] == 0
    await asyncio.sleep(0)
