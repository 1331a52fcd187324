"""What has no place to go stays unsettled, alone, and is read again when its time has come."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from app.edges.kafka.connection import Connection
from app.edges.kafka.record_reader import Read, reading_again
from app.engine.reading import HEAVY
from app.engine.worker import NotificationWorker
from app.policies.headers.deferral import Deferral, deferral_headers
from app.policies.headers.records import Origin, TargetMark
from app.policies.routing import Defaults
from app.values.errors import KafkaUnavailableError
from app.values.outcome import Delivered, Retry
from app.values.record import Headers, Record
from tests.support.engine import ScriptedChannel, record, until
from tests.support.stage import Stage, envelope

DAY = 86_400.0
RETRIES = ("notifications.retry",)
EVERYTHING = (*RETRIES, "notifications.dlq")
LARGE = "x" * 2000
LEFT = TargetMark("webhook", "the orders' own hook", "0" * 16)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is not to keep a test waiting."""
    monkeypatch.setattr("app.engine.group.parking.LOOK_SECONDS", 0.02)


def warnings(worker: NotificationWorker, kind: str) -> list[str]:
    """Return what is said about parked records."""
    return [each.text for each in worker.snapshot().conditions if each.kind == kind]


@pytest.mark.parametrize("text", [LARGE, "x" * (HEAVY + 1)])
async def test_what_the_retry_topics_do_not_take_is_delivered_after_the_outage(
    stage: Stage, text: str
) -> None:
    """Its offset waits alone, and none of its bytes; what is said ends with it."""
    stage.channel = ScriptedChannel([[Retry("503")], [Delivered()], [Retry("503")]])
    stage.producer.narrow = EVERYTHING
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope(text, message_id="large"), envelope("small"))
    await until(lambda: bool(warnings(worker, "record_too_large")))
    await until(lambda: worker.snapshot().messages_sent == 1)
    snapshot = worker.snapshot()
    assert (snapshot.parked, snapshot.in_flight, snapshot.messages_deferred) == (1, 0, 0)
    assert (snapshot.lag, snapshot.backlog) == (2, 1)
    assert worker.parts.window.size == 0
    assert await stage.committed() == 0
    stage.clock.let_pass(31)
    await until(lambda: len(stage.channel.sent) == 3)
    await until(lambda: worker.snapshot().parked == 1)  # again: the attempt has failed, too
    stage.clock.let_pass(121)
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert stage.channel.contents == [text, "small", text, text]
    assert worker.snapshot().messages_dead_lettered == 0
    await until(lambda: not warnings(worker, "record_too_large"))
    await worker.stop()
    assert await stage.committed() == 2


async def test_only_the_targets_that_are_left_are_sent_to(stage: Stage) -> None:
    """What it knew is kept without its record."""
    mail = ScriptedChannel([[Delivered(), Retry("later")]])
    mail.name = "email"
    stage.producer.narrow = EVERYTHING
    defaults = Defaults(email_to=("a@example.com", "b@example.com"), smtp="smtp://mail.example:25")
    worker = await stage.running(
        max_age=DAY, attempts=1, channels={"email": mail}, defaults=defaults
    )
    await stage.publish(envelope(LARGE, channels=["email"]))
    await until(lambda: bool(warnings(worker, "record_too_large")))
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert [[target.address for target in sent.targets] for sent in mail.sent] == [
        ["a@example.com", "b@example.com"],
        ["b@example.com"],
    ]


@pytest.mark.parametrize("kept", [True, False])
async def test_what_is_too_old_is_a_dead_letter_with_its_value_if_that_fits(
    stage: Stage, kept: bool
) -> None:
    """Otherwise its size, its hash and its origin stand for it."""
    stage.channel = ScriptedChannel([[Retry("503")]] * 9)
    stage.producer.narrow = RETRIES if kept else EVERYTHING
    worker = await stage.running(max_age=100.0, attempts=1)
    value = msgspec.json.encode(envelope(LARGE))
    await stage.publish(value)
    for _ in range(2):
        await until(lambda: bool(warnings(worker, "record_too_large")))
        stage.clock.let_pass(70)
        await until(lambda: worker.snapshot().parked == 0 or len(stage.channel.sent) == 2)
    await until(lambda: worker.snapshot().messages_failed == 1)
    (letter,) = await stage.dead_letters()
    assert (letter.reason, letter.origin) == ("exhausted", "notifications/0/0")
    assert letter.attempts == len(stage.channel.sent)
    if kept:
        assert letter.value == value.decode()
        return
    assert letter.value is None
    assert letter.headers["notifier.value.size"] == str(len(value))
    assert letter.headers["notifier.value.sha256"] == hashlib.sha256(value).hexdigest()


async def test_what_is_gone_from_its_topic_is_a_dead_letter_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retention that is shorter than the outage takes its value, not the word about it."""

    @asynccontextmanager
    async def nothing(connection: Connection, topic: str) -> AsyncIterator[Read]:
        async def read(partition: int, offset: int) -> Record | None:
            assert (topic, partition, offset) == ("notifications", 0, 0)
            return None

        del connection
        yield read

    monkeypatch.setattr("app.engine.group.parking.reading_again", nothing)
    stage.channel = ScriptedChannel([[Retry("503")]])
    stage.producer.narrow = EVERYTHING
    worker = await stage.running(max_age=DAY, attempts=1)
    value = msgspec.json.encode(envelope(LARGE))
    await stage.publish(value)
    await until(lambda: bool(warnings(worker, "record_too_large")))
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_failed == 1)
    (letter,) = await stage.dead_letters()
    assert (letter.reason, letter.value, letter.attempts) == ("exhausted", None, 1)
    assert "retention is shorter than the outage" in letter.error
    assert letter.headers["notifier.value.sha256"] == hashlib.sha256(value).hexdigest()
    assert worker.snapshot().parked == 0


async def test_with_too_many_of_them_their_partition_rests(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and commits stay bounded, and nothing is lost; then it goes on."""
    monkeypatch.setattr("app.engine.inflight.partition.MOST_PARKED", 2)
    stage.channel = ScriptedChannel([[Retry("503")]] * 3)
    stage.producer.narrow = EVERYTHING
    worker = await stage.running(max_age=DAY, attempts=1, max_in_flight=1)
    await stage.publish(*(envelope(f"{number}{LARGE}") for number in range(3)), envelope("small"))
    await until(lambda: worker.snapshot().parked == 3)
    await until(lambda: worker.snapshot().lag == 4)
    assert len(stage.channel.sent) == 3
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 4)
    assert stage.channel.contents[-1] == "small" or stage.channel.contents[3][0] in "012"


async def test_a_partition_that_goes_and_comes_back_keeps_what_it_knew(stage: Stage) -> None:
    """Nothing is sent again because of it, and its age does not begin anew."""
    stage.channel = ScriptedChannel([[Retry("503")]])
    stage.producer.narrow = EVERYTHING
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope(LARGE))
    await until(lambda: bool(warnings(worker, "record_too_large")))
    session = worker.parts.current.session
    assert session is not None
    partitions = set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    assert worker.snapshot().parked == 0
    await session.rebalances.assigned(partitions)
    await until(lambda: worker.snapshot().parked == 1)
    assert len(stage.channel.sent) == 1
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert len(stage.channel.sent) == 2


async def test_a_record_of_a_newer_version_waits_until_it_can_be_handed_on(
    stage: Stage,
) -> None:
    """However large it is, it is not this version's to drop."""
    headers = deferral_headers(record(), Deferral(), "group", Origin("notifications", 0, 0, 1.0))
    newer = tuple((name, b"2" if name == "notifier.format" else value) for name, value in headers)
    stage.producer.narrow = ("notifications.retry.30s",)
    worker = await stage.running(max_age=DAY)
    await stage.producer.write("notifications.retry.0s", b"key", LARGE.encode(), newer)
    await until(lambda: bool(warnings(worker, "record_too_large")))
    stage.producer.narrow = ()
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    assert (worker.snapshot().messages_consumed, worker.snapshot().in_flight) == (0, 0)


def of_orders(first_failure: float | None, delivered: tuple[TargetMark, ...] = ()) -> Headers:
    """Return the headers of a record that another service deferred, of a topic of its own."""
    deferral = Deferral((LEFT,), delivered, attempts=5, first_failure=first_failure)
    return deferral_headers(record(), deferral, "group", Origin("orders", 3, 42, 1_700_000_000.0))


async def test_what_another_service_deferred_is_left_to_it(stage: Stage) -> None:
    """It goes to nobody here, holds nothing up, and is said; a dead letter once it is too old."""
    worker = await stage.running(max_age=1000.0)
    now = stage.clock.now()
    value = msgspec.json.encode(envelope("of the orders"))
    retry = "notifications.retry.0s"
    await stage.producer.write(retry, b"k", value, of_orders(now - 900, delivered=(LEFT,)))
    own = Origin("notifications", 0, 42, 1.0)
    headers = deferral_headers(record(), Deferral(), "group", own)
    await stage.producer.write(retry, b"k", msgspec.json.encode(envelope("mine")), headers)
    await until(lambda: bool(warnings(worker, "foreign_topic")))
    await until(lambda: worker.snapshot().messages_sent == 1)
    (text,) = warnings(worker, "foreign_topic")
    assert text.startswith("a record of orders waits in the retry topics for a member of")
    assert "NOTIFIER_KAFKA__GROUP_ID" in text
    assert (worker.snapshot().parked, worker.parts.window.size) == (1, 0)
    stage.clock.let_pass(101)
    await until(lambda: worker.snapshot().messages_partial == 1)
    assert stage.channel.contents == ["mine"]
    (letter,) = await stage.dead_letters()
    assert (letter.reason, letter.origin, letter.attempts) == ("exhausted", "orders/3/42", 5)
    assert letter.targets_failed == ("webhook the orders' own hook",)
    assert letter.value == value.decode()
    await until(lambda: not warnings(worker, "foreign_topic"))


async def test_a_replay_that_nobody_takes_has_its_time_from_when_it_was_written(
    stage: Stage,
) -> None:
    """It has not failed yet, so its age begins where it stands."""
    worker = await stage.running(max_age=1000.0)
    value = msgspec.json.encode(envelope("of the orders"))
    await stage.producer.write("notifications.retry.0s", b"k", value, of_orders(None))
    await until(lambda: bool(warnings(worker, "foreign_topic")))
    stage.clock.let_pass(900)
    await until(lambda: worker.snapshot().status == "RUNNING")
    assert worker.snapshot().messages_consumed == 0
    stage.clock.let_pass(101)
    await until(lambda: worker.snapshot().messages_failed == 1)
    assert stage.channel.sent == []


async def test_a_topic_that_cannot_be_read_now_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is parked waits for it, and nothing else does."""
    fails = [KafkaUnavailableError("away")]

    @asynccontextmanager
    async def fails_once(connection: Connection, topic: str) -> AsyncIterator[Read]:
        if fails:
            raise fails.pop()
        async with reading_again(connection, topic) as read:
            yield read

    monkeypatch.setattr("app.engine.group.parking.reading_again", fails_once)
    monkeypatch.setattr("app.engine.group.parking.PATIENCE", 0.01)
    stage.channel = ScriptedChannel([[Retry("503")]])
    stage.producer.narrow = EVERYTHING
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope(LARGE))
    await until(lambda: bool(warnings(worker, "record_too_large")))
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert fails == []
