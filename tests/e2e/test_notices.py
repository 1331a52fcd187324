"""The service tells its operator by itself that it cannot do its work, and that it can again."""

from tests.support.end_to_end import World, hooks
from tests.support.http_server import Answer, HttpServer, Received, http_server

__all__ = ["hooks"]

IMPATIENT = {"NOTIFIER_OPERATOR__AFTER": "0.5", "NOTIFIER_OPERATOR__EVERY": "600"}
FAILING = 8


def to(url: str, number: int) -> dict[str, object]:
    """Return what producers write."""
    return {
        "message_id": f"id-{number}",
        "content": f"content {number}",
        "channels": ["webhook"],
        "kwargs": {"webhook_url": url},
    }


async def told(sink: HttpServer, count: int) -> list[str]:
    """Wait for messages to the operator; return what they say."""
    received = await sink.wait_for(count, timeout=100)
    return [said(each) for each in received[:count]]


def said(request: Received) -> str:
    """Return what a message to the operator says."""
    data = request.json["data"]
    return f"{data['title']}\n{data['content']}"


async def test_a_broken_destination_is_told_once_and_told_to_be_over(
    world: World, hooks: HttpServer
) -> None:
    """The notice names the destination, what it said and what waits; it is no notification."""
    hooks.behaviour = Answer(503)
    async with http_server() as sink:
        service = await world.service(
            {
                **IMPATIENT,
                "NOTIFIER_OPERATOR__NOTIFY": sink.url("/ops?token=operators-secret"),
                "NOTIFIER_RETRY__BASE_DELAY": "0.01",
                "NOTIFIER_RETRY__MAX_DELAY": "0.01",
            }
        )
        publish = await world.publisher(service)
        await publish(*(to(hooks.url("/hook"), number) for number in range(FAILING)))
        (first,) = await told(sink, 1)
        assert "Notifications of notification_worker_group need you" in first
        assert "has not worked since" in first
        assert "It last said: HTTP 503" in first
        assert f"held up so far: {FAILING}." in first
        stats = await service.stats()
        assert stats["messages_consumed"] == 0
        hooks.behaviour = Answer(204)
        _, second = await told(sink, 2)
        assert "are well again" in second
        assert "works again" in second
        await service.until_stats(lambda got: got["messages_sent"] == FAILING, seconds=60)
        metrics = (await service.client.get("/metrics")).text
    assert 'operator_notices_total{result="accepted"} 2.0' in metrics
    assert len(sink.received) == 2
    assert "operators-secret" not in service.log + metrics


async def test_dead_letters_are_told_and_a_notice_that_fails_is_told_again(
    world: World, hooks: HttpServer
) -> None:
    """The operator's address answers with an error first; one that works is not held up by it."""
    hooks.script.append(Answer(500))
    async with http_server() as sink:
        notify = f"{hooks.url('/first')},{sink.url('/second')}"
        service = await world.service({**IMPATIENT, "NOTIFIER_OPERATOR__NOTIFY": notify})
        publish = await world.publisher(service)
        await publish(b"not JSON", b"not JSON either")
        (text,) = await told(sink, 1)
        assert "Dead letters so far: 2." in text
        assert "The last one: invalid: " in text
        assert "docs/operations.md#dead-letters-come-in" in text
        await service.logged("a notice to the operator at")
        _, again = await told(hooks, 2)
        assert again == text
        await service.logged("notices reach the operator again at")
        stats = await service.stats()
        assert (stats["messages_failed"], stats["messages_sent"]) == (2, 0)
        assert stats["channels"] == {}


async def test_kafka_away_is_told_past_kafka(world: World) -> None:
    """A worker that cannot reach its brokers says so by itself."""
    async with http_server() as sink:
        service = await world.service(
            {
                **IMPATIENT,
                "NOTIFIER_OPERATOR__NOTIFY": sink.url("/ops"),
                "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",
            },
            ready=False,
        )
        (text,) = await told(sink, 1)
        assert "has had no word from Kafka since" in text
        assert "docs/operations.md#kafka-is-away" in text
        await service.stop()
