"""The publisher: acknowledged or an error, never something in between."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.control.publisher import Publisher
from app.engine.tasks import Tasks
from app.policies.routing import Defaults
from app.policies.service.embedded_capacity import EmbeddedCapacity
from app.values.errors import InvalidItemsError, KafkaUnavailableError
from tests.support.channels import KNOWN
from tests.support.engine import until
from tests.support.stage import Stage, envelope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOTH = Defaults(webhook_url="http://h.example/", email_to=("a@b.example",), smtp="smtp://m:25")


class Bench:
    """A publisher and its background tasks."""

    def __init__(
        self,
        producer: Producer,
        defaults: Defaults = BOTH,
        capacity: EmbeddedCapacity | None = None,
    ) -> None:
        self.tasks = Tasks(lambda _: None)
        self.topics_made = 0
        self.publisher = Publisher(
            producer,
            "notifications",
            Addresses(None, None, defaults, KNOWN),
            capacity=capacity,
            settled=lambda: (),
            spawn=self.tasks.spawn,
            now=lambda: NOON,
            make_topic=self.make_topic,
        )

    async def make_topic(self) -> None:
        """Make the topic, as the first that is published needs it."""
        self.topics_made += 1


async def test_test_messages_arrive_with_their_ids(stage: Stage) -> None:
    """Three requested are three published, delivered under the ids that were answered."""
    worker = await stage.running()
    bench = Bench(stage.producer)
    batch = await bench.publisher.publish_test("webhook", 3, 0)
    assert bench.topics_made == 1
    assert (batch.type, batch.requested, batch.published) == ("webhook", 3, 3)
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert {sent.notification.message_id for sent in stage.channel.sent} == set(batch.message_ids)
    assert "测试消息 #1 - 12:00:00" in stage.channel.contents


async def test_with_a_delay_it_answers_at_once_and_goes_on(stage: Stage) -> None:
    """The ids are fixed beforehand; the messages follow in the background."""
    worker = await stage.running()
    bench = Bench(stage.producer)
    batch = await bench.publisher.publish_test("trading", 2, 0.01)
    assert (batch.published, len(batch.message_ids)) == (0, 2)
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert len(bench.tasks) == 0


async def test_what_has_no_id_is_given_one_and_keeps_everything_else(stage: Stage) -> None:
    """Unknown keys survive; an id of its own stays."""
    worker = await stage.running()
    items = [envelope("a", extra={"x": 1}), envelope("b", message_id="mine")]
    done = await Bench(stage.producer).publisher.publish(
        [msgspec.json.encode(i) for i in items], None
    )
    assert done.message_ids[1] == "mine"
    assert len(done.message_ids[0]) == 36
    await until(lambda: worker.snapshot().messages_sent == 2)


async def test_an_idempotency_key_makes_a_repeat_recognisable(stage: Stage) -> None:
    """The same request twice is delivered once; another key is another notification."""
    worker = await stage.running()
    publisher = Bench(stage.producer).publisher
    body = [msgspec.json.encode(envelope("a")), msgspec.json.encode(envelope("b"))]
    first = await publisher.publish(body, "key-1")
    assert await publisher.publish(body, "key-1") == first
    assert await publisher.publish(body, "key-2") != first
    await until(lambda: worker.snapshot().messages_duplicate == 2)
    await until(lambda: worker.snapshot().messages_sent == 4)


async def test_what_will_be_left_out_is_warned_of(stage: Stage) -> None:
    """Each warning names item, field and problem; everything is published all the same."""
    items = [envelope("a"), envelope("b", kwargs={"color": -1}), envelope("c", priority=9)]
    items.append(envelope("d", channels=["webhook", "pigeon"]))
    encoded = [msgspec.json.encode(item) for item in items]
    done = await Bench(stage.producer).publisher.publish(encoded, None)
    assert len(done.message_ids) == 4
    assert [(each.index, each.field) for each in done.warnings] == [
        (1, "kwargs.color"),
        (2, "priority"),
        (3, "channels"),
    ]


async def test_invalid_items_are_named_and_nothing_is_published(stage: Stage) -> None:
    """Every fault with its index and field; the valid ones wait for the next try."""
    good = msgspec.json.encode(envelope("good"))
    bad = msgspec.json.encode(envelope(""))
    unknown = msgspec.json.encode({"message_type": "simple", "content": "x", "user_uuid": "nobody"})
    with pytest.raises(InvalidItemsError) as caught:
        await Bench(stage.producer).publisher.publish([good, bad, unknown], None)
    assert [index for index, _ in caught.value.items] == [1, 2]
    assert caught.value.items[0][1].field == "content"
    assert await stage.dead_letters() == ()
    worker = await stage.running()
    assert worker.snapshot().in_flight == 0


async def test_an_absent_broker_is_an_error_that_says_how_many() -> None:
    """Nothing is reported as published that Kafka has not acknowledged."""
    from app.edges.kafka.connection import Connection  # noqa: PLC0415

    connection = Connection("127.0.0.1:1", {"bootstrap_servers": "127.0.0.1:1"})
    bench = Bench(Producer(connection, timeout=0.3))
    with pytest.raises(KafkaUnavailableError, match="2 of 2 notifications"):
        await bench.publisher.publish([msgspec.json.encode(envelope())] * 2, None)
    batch = await bench.publisher.publish_test("alert", 1, 0.01)
    assert batch.published == 0
    await until(lambda: len(bench.tasks) == 0)


async def test_refuses_what_the_embedded_broker_would_drop(stage: Stage) -> None:
    """Before unsettled records are pushed out, publishing says so."""
    bench = Bench(stage.producer, capacity=EmbeddedCapacity())
    large = msgspec.json.encode(envelope("x" * 500_000))

    async def flood() -> None:
        for _ in range(50):
            await bench.publisher.publish([large], None)

    with pytest.raises(KafkaUnavailableError, match="embedded broker is full"):
        await flood()


async def test_warns_where_a_test_type_has_no_destination(stage: Stage) -> None:
    """The warning names the channel and the setting."""
    nowhere = Bench(stage.producer, Defaults()).publisher
    warning = nowhere.warning_for("multi") or ""
    assert "NOTIFIER_WEBHOOK__DEFAULT_URL" in warning
    assert "NOTIFIER_EMAIL__HOST" in warning
    assert Bench(stage.producer).publisher.warning_for("multi") is None
    await asyncio.sleep(0)
