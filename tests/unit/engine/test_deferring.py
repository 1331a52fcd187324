"""Deferring on a broker: put aside, due, delivered; by whichever worker."""

import asyncio
import time

import msgspec
import pytest

from app.policies.headers.deferral import Deferral, deferral_headers, read_deferral
from app.policies.headers.records import here, origin_of
from app.policies.routing import Defaults
from app.values.outcome import Delivered, Outcome, Rejected, Retry
from tests.support.engine import ScriptedChannel, record, until
from tests.support.stage import Stage, envelope
from tests.support.topic import START, Topic

DAY = 86_400.0
MAIL = Defaults(
    webhook_url="http://hooks.example/one",
    email_to=("a@example.com", "b@example.com"),
    smtp="smtp://mail.example:25",
)


async def test_what_cannot_be_delivered_is_put_aside_and_arrives_later(stage: Stage) -> None:
    """Settled for its partition, not consumed; when it is due it is tried once more."""
    stage.channel = ScriptedChannel([[Retry("refused")]] * 3)
    worker = await stage.running(max_age=DAY)
    await stage.publish(envelope("later", message_id="m-1"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    snapshot = worker.snapshot()
    assert (snapshot.messages_consumed, snapshot.in_flight) == (0, 0)
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    await until(lambda: worker.snapshot().lag == 0)
    assert worker.snapshot().backlog == 0
    (kept,) = await stage.deferred("30s")
    assert read_deferral(kept.headers).attempts == 3
    assert origin_of(kept).topic == "notifications"
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents == ["later"] * 4
    assert worker.snapshot().messages_retried == 3
    assert worker.snapshot().deferred_waiting == 0
    await worker.stop()
    assert await stage.committed() == 1


async def test_what_comes_due_has_one_attempt_until_it_is_old(stage: Stage) -> None:
    """Each round is one attempt and a longer delay; at its age it is a dead letter."""
    stage.channel = ScriptedChannel([[Retry("refused")]] * 20)
    worker = await stage.running(max_age=200.0, attempts=2)
    await stage.publish(envelope("never"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.clock.let_pass(130)
    await until(lambda: worker.snapshot().messages_deferred >= 2)  # by its clock it is due again
    kept = await stage.deferred("2m")
    assert min(read_deferral(each.headers).attempts for each in kept) == 3
    stage.clock.let_pass(270)
    await until(lambda: worker.snapshot().messages_failed == 1)
    (letter,) = await stage.dead_letters()
    rounds = worker.snapshot().messages_deferred
    assert (letter.reason, letter.attempts) == ("exhausted", 2 + rounds)
    assert letter.origin.startswith("notifications/")
    assert letter.first_failure is not None


async def test_only_the_targets_that_are_left_are_sent_to(stage: Stage) -> None:
    """Of three targets one accepts, one refuses, one is put aside: the books know all three."""
    busy: list[Outcome] = [Retry("later"), Rejected("no such mailbox")]
    mail = ScriptedChannel([busy, [Retry("later")], [Delivered()]])
    mail.name = "email"
    worker = await stage.running(
        max_age=DAY,
        attempts=2,
        channels={"webhook": stage.channel, "email": mail},
        defaults=MAIL,
    )
    await stage.publish(envelope("three", channels=["webhook", "email"]))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_partial == 1)
    assert stage.channel.contents == ["three"]
    assert [target.address for target in mail.sent[-1].targets] == ["a@example.com"]
    (letter,) = await stage.dead_letters()
    assert letter.reason == "rejected"
    assert letter.targets_failed == ("email b@example.com",)
    assert len(letter.targets_delivered) == 2
    snapshot = worker.snapshot()
    assert (snapshot.messages_consumed, snapshot.messages_partial) == (1, 1)


async def test_the_webhook_id_stays_the_same(stage: Stage) -> None:
    """A receiver recognises the notification by its origin, wherever it was meanwhile."""
    stage.channel = ScriptedChannel([[Retry("refused")]])
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope("no id"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    first, second = stage.channel.sent
    assert first.source == second.source
    assert first.digest == second.digest
    assert first.source.startswith("notifications/")


async def test_what_is_due_expires_like_everything_else(stage: Stage) -> None:
    """Its time counts from when it was published, not from when it was put aside."""
    stage.channel = ScriptedChannel([[Retry("refused")]])
    worker = await stage.running(max_age=DAY, attempts=1)
    await stage.publish(envelope("short", ttl_seconds=20))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_expired == 1)
    assert len(stage.channel.sent) == 1


async def test_a_record_of_a_newer_version_is_passed_on_untouched(stage: Stage) -> None:
    """During an upgrade the older workers lose nothing that they do not understand."""
    headers = deferral_headers(record(), Deferral(), "group", here(record()))
    newer = tuple((name, b"2" if name == "notifier.format" else value) for name, value in headers)
    worker = await stage.running(max_age=DAY)
    await stage.producer.write("notifications.retry.0s", b"key", b"\x00new", newer)
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    (kept,) = await stage.deferred("30s")
    assert (kept.key, kept.value, kept.headers) == (b"key", b"\x00new", newer)
    assert worker.snapshot().messages_consumed == 0


async def test_a_stop_puts_aside_what_is_partly_done(stage: Stage) -> None:
    """What one target has is not sent to it again by the next worker."""
    mail = ScriptedChannel([[Retry("later", after=50.0), Retry("later", after=50.0)]])
    mail.name = "email"
    worker = await stage.running(
        max_age=DAY,
        channels={"webhook": stage.channel, "email": mail},
        defaults=MAIL,
        drain_timeout=0.1,
    )
    await stage.publish(envelope("half", channels=["webhook", "email"]))
    await until(lambda: len(mail.sent) == 1 and len(stage.channel.sent) == 1)
    await until(lambda: worker.snapshot().queued == 1)
    await worker.stop()
    assert worker.snapshot().messages_deferred == 1
    assert await stage.committed() == 1
    await worker.start()
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents == ["half"]
    assert mail.contents == ["half", "half"]


async def test_a_rebalance_puts_aside_what_is_partly_done(stage: Stage) -> None:
    """Whoever gets the partition next does not repeat it."""
    mail = ScriptedChannel([[Retry("later", after=50.0), Retry("later", after=50.0)]])
    mail.name = "email"
    worker = await stage.running(
        max_age=DAY, channels={"webhook": stage.channel, "email": mail}, defaults=MAIL
    )
    await stage.publish(envelope("half", channels=["webhook", "email"]))
    await until(lambda: worker.snapshot().queued == 1 and len(stage.channel.sent) == 1)
    session = worker.parts.current.session
    assert session is not None
    partitions = set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    assert worker.snapshot().messages_deferred == 1
    assert await stage.committed() == 1
    await session.rebalances.assigned(partitions)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents == ["half"]


async def test_a_repeat_of_what_was_put_aside_is_not_delivered_twice(stage: Stage) -> None:
    """The second waits for the first, and the first is going to be delivered."""
    stage.channel = ScriptedChannel([[Retry("refused", after=0.05)], [Retry("refused")]])
    worker = await stage.running(max_age=DAY, attempts=2)
    same = envelope("same", message_id="m-1")
    await stage.publish(same, same)
    await until(lambda: worker.snapshot().messages_duplicate == 1)
    assert worker.snapshot().messages_deferred == 1
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents == ["same"] * 3


async def test_an_unwritable_retry_topic_holds_the_offset(stage: Stage) -> None:
    """Without an acknowledged record nothing is settled, and health says why."""
    stage.channel = ScriptedChannel([[Retry("refused")]])
    worker = await stage.running(max_age=DAY, attempts=1)
    stage.producer.refused_topic = "notifications.retry.30s"
    await stage.publish(envelope("held"))
    await until(lambda: worker.get_health_status().get("problem") is not None)
    assert worker.snapshot().in_flight == 1
    stage.producer.refused_topic = None
    await until(lambda: worker.snapshot().messages_deferred == 1)
    assert "problem" not in worker.get_health_status()


async def test_a_clock_that_jumps_ahead_sends_nothing_in_circles(stage: Stage) -> None:
    """What was put aside just now stays there for its delay, whatever this machine's clock says."""
    stage.channel = ScriptedChannel([[Retry("refused")]] * 1000)
    worker = await stage.running(max_age=DAY, attempts=1)
    await until(lambda: all(each.end is not None for each in worker.snapshot().partitions))
    stage.clock.skew = 60
    await stage.publish(*(envelope(str(number)) for number in range(3)))
    await until(lambda: worker.snapshot().deferred_waiting == 3)
    await until(lambda: worker.snapshot().lag == 0)
    stage.clock.skew = 6000
    await asyncio.sleep(0.7)  # longer than a poll
    assert (worker.snapshot().messages_deferred, len(stage.channel.sent)) == (3, 3)
    stage.clock.ahead = 31.0
    stage.clock.skew = -6000
    await until(lambda: worker.snapshot().messages_deferred == 6)
    assert len(stage.channel.sent) == 6


@pytest.mark.parametrize(("ttl", "sent"), [(300, 1), (1, 0)])
async def test_lifetimes_go_by_the_brokers_clock(stage: Stage, ttl: int, sent: int) -> None:
    """This machine's is ten minutes ahead; the record was written three seconds ago."""
    worker = await stage.running()
    stage.clock.broker_said(time.time())
    stage.clock.skew = 600
    value = msgspec.json.encode(envelope("short", ttl_seconds=ttl))
    async with Topic(stage.connection.bootstrap_servers, "notifications") as topic:
        await topic.write(value, second=time.time() - START / 1000 - 3)
    await until(lambda: worker.snapshot().messages_consumed == 1)
    assert (worker.snapshot().messages_sent, worker.snapshot().messages_expired) == (sent, 1 - sent)


async def test_without_a_time_of_its_own_a_record_lives_from_its_arrival(stage: Stage) -> None:
    """It stays the same one when it is put aside, and expires when that is over."""
    stage.channel = ScriptedChannel([[Retry("refused")]])
    worker = await stage.running(max_age=DAY, attempts=1)
    value = msgspec.json.encode(envelope("timeless", ttl_seconds=20))
    async with Topic(stage.connection.bootstrap_servers, "notifications") as topic:
        await topic.write(value, second=(-1 - START) / 1000)
    await until(lambda: worker.snapshot().messages_deferred == 1)
    (kept,) = await stage.deferred("30s")
    assert abs(origin_of(kept).timestamp - stage.clock.now()) < 10
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_expired == 1)


async def test_what_has_a_lifetime_that_cannot_be_read_is_sent_at_once_or_not_at_all(
    stage: Stage,
) -> None:
    """One attempt, and no deferring: nobody knows whether it would still be wanted."""
    stage.channel = ScriptedChannel([[Retry("busy")]])
    worker = await stage.running(max_age=DAY)
    await stage.publish(envelope("soon", expires_at="soon"), envelope("now", ttl_seconds="now"))
    await until(lambda: worker.snapshot().messages_consumed == 2)
    snapshot = worker.snapshot()
    assert (snapshot.messages_sent, snapshot.messages_failed) == (1, 1)
    assert (snapshot.messages_deferred, snapshot.messages_adjusted) == (0, 2)
    assert len(stage.channel.sent) == 2
    (letter,) = await stage.dead_letters()
    assert letter.reason == "exhausted"
    assert "its lifetime cannot be read" in letter.error


async def test_what_is_old_when_it_is_first_taken_has_expired(stage: Stage) -> None:
    """Nobody gets yesterday's signals; what has a lifetime of its own goes by that."""
    worker = stage.worker(default_ttl=3600.0)
    await stage.publish(envelope("yesterday's"), envelope("valid", ttl_seconds=2 * DAY))
    stage.clock.skew = DAY
    await worker.start()
    await until(lambda: worker.snapshot().messages_consumed == 2)
    assert stage.channel.contents == ["valid"]
    assert worker.snapshot().messages_expired == 1
    (letter,) = await stage.dead_letters()
    assert letter.reason == "expired"


async def test_what_was_taken_in_time_may_be_late(stage: Stage) -> None:
    """The default lifetime is for an outage of this service, not of a destination."""
    stage.channel = ScriptedChannel([[Retry("refused")]] * 3)
    worker = await stage.running(default_ttl=20.0, max_age=DAY)
    await stage.publish(envelope("late"))
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
