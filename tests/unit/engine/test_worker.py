"""The worker on a broker: from the record to the committed offset."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from app.engine.group.session import Session
from app.engine.inflight.item import Item
from app.engine.worker import NotificationWorker
from app.policies.parsing import parse as real_parse
from app.policies.routing import Defaults
from app.values.notification import Notification
from app.values.outcome import Delivered, Denied, Rejected, Retry
from app.values.record import TopicPartition
from app.values.snapshot import Status
from tests.support.engine import ScriptedChannel, until
from tests.support.stage import Stage, envelope
from tests.support.topic import Topic


async def test_delivers_what_is_published_and_commits_it(stage: Stage) -> None:
    """Five published are five consumed, five sent, and committed past."""
    worker = await stage.running()
    await stage.publish(*(envelope(f"m{number}") for number in range(5)))
    await until(lambda: worker.snapshot().messages_consumed == 5)
    snapshot = worker.snapshot()
    assert (snapshot.status, snapshot.messages_sent, snapshot.in_flight) == (Status.RUNNING, 5, 0)
    assert snapshot.channels["webhook"].messages_sent == 5
    assert snapshot.last_message_time is not None
    assert sorted(stage.channel.contents) == [f"m{number}" for number in range(5)]
    await worker.stop()
    assert await stage.committed() == 5
    assert worker.snapshot().status is Status.STOPPED


async def test_it_has_no_problem_at_the_very_beginning(stage: Stage) -> None:
    """It has waited for nothing yet, however long the machine has been up."""
    worker = stage.worker()
    starting = asyncio.create_task(worker.start())
    await asyncio.sleep(0)  # it has begun to start, and its tasks have not run yet
    assert worker.snapshot().status is Status.STARTING
    assert worker.get_health_status().get("problem") is None
    await starting
    await worker.stop()


async def test_bad_records_go_to_the_dead_letters_and_block_nothing(stage: Stage) -> None:
    """Between garbage of every kind the good ones arrive, and each bad one is kept with a reason."""
    worker = await stage.running()
    await stage.publish(b"", b"\xff\xfe", b"[]", b"{}", envelope("good"), envelope(channels=[]))
    await until(lambda: worker.snapshot().messages_consumed == 6)
    snapshot = worker.snapshot()
    assert (snapshot.messages_sent, snapshot.messages_failed) == (1, 5)
    assert snapshot.messages_dead_lettered == 5
    letters = await stage.dead_letters()
    assert [letter.reason for letter in letters] == ["invalid"] * 5
    assert all(letter.error for letter in letters)
    await worker.stop()
    assert await stage.committed() == 6


async def test_a_record_without_key_and_value_becomes_a_dead_letter_like_any_other(
    stage: Stage,
) -> None:
    """A tombstone that nobody can mean anything by stops nothing."""
    worker = await stage.running()
    async with Topic(stage.connection.bootstrap_servers, "notifications") as topic:
        await topic.write_header_name(b"alone")
    await stage.publish(envelope("good"))
    await until(lambda: worker.snapshot().messages_consumed == 2)
    assert worker.snapshot().messages_dead_lettered == 1
    (letter,) = await stage.dead_letters()
    assert (letter.value, letter.headers["alone"]) == (None, "")


async def test_a_target_that_refuses_makes_a_partial_with_a_dead_letter(stage: Stage) -> None:
    """One of two channels refuses: the other's delivery stands, the refusal is kept."""
    refusing = ScriptedChannel([[Rejected("no such mailbox")]])
    refusing.name = "email"
    worker = stage.worker(
        channels={"webhook": stage.channel, "email": refusing},
        defaults=Defaults(
            webhook_url="http://hooks.example/one",
            email_to=("a@example.com",),
            smtp="smtp://mail.example:25",
        ),
    )
    await worker.start()
    await stage.publish(envelope(channels=["webhook", "email"]))
    await until(lambda: worker.snapshot().messages_consumed == 1)
    snapshot = worker.snapshot()
    assert (snapshot.messages_partial, snapshot.success_rate) == (1, 0.0)
    (letter,) = await stage.dead_letters()
    assert letter.reason == "rejected"
    assert "no such mailbox" in letter.error
    assert len(letter.targets_delivered) == len(letter.targets_failed) == 1


async def test_exhausted_attempts_dead_letter_with_their_count(stage: Stage) -> None:
    """Three failed attempts are two retries, one failure, one dead letter."""
    stage.channel = ScriptedChannel([[Retry("refused")]] * 3)
    worker = await stage.running()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_failed == 1)
    assert worker.snapshot().messages_retried == 2
    (letter,) = await stage.dead_letters()
    assert (letter.reason, letter.attempts) == ("exhausted", 3)
    assert letter.first_failure is not None


async def test_the_same_message_is_delivered_once(stage: Stage) -> None:
    """A repeat is recognised while the first is in flight and after it was delivered."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel(gate=gate)
    worker = await stage.running()
    same = envelope("same", message_id="m-1")
    await stage.publish(same, same)
    await stage.channel.arrived(1)
    await until(lambda: worker.snapshot().in_flight == 2)
    gate.set()
    await until(lambda: worker.snapshot().messages_duplicate == 1)
    await stage.publish(same, envelope("same"), envelope("same"))
    await until(lambda: worker.snapshot().messages_consumed == 3)
    snapshot = worker.snapshot()
    assert snapshot.messages_duplicate == 2
    assert stage.channel.contents == ["same"] * 3  # without an id nothing is compared
    await worker.stop()
    assert await stage.committed() == 5


async def test_a_repeat_is_sent_when_the_first_one_failed(stage: Stage) -> None:
    """The second waits for the outcome of the first, and takes its place when that is bad."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel([[Rejected("not now")], [Delivered()]], gate=gate)
    worker = await stage.running()
    same = envelope("same", message_id="m-1")
    await stage.publish(same, same, same)
    await until(lambda: worker.snapshot().in_flight == 3)
    gate.set()
    await until(lambda: worker.snapshot().messages_duplicate == 1)
    snapshot = worker.snapshot()
    assert (snapshot.messages_failed, snapshot.messages_sent) == (1, 1)


async def test_latest_skips_what_was_there_and_earliest_does_not(stage: Stage) -> None:
    """Where a group starts that has no offsets; afterwards its own commits count."""
    await stage.publish(envelope("old"))
    worker = await stage.running(auto_offset_reset="latest")
    await stage.publish(envelope("new"))
    await until(lambda: worker.snapshot().messages_consumed == 1)
    assert stage.channel.contents == ["new"]
    await worker.stop()
    await stage.publish(envelope("while away"))
    await worker.start()
    await until(lambda: worker.snapshot().messages_consumed == 2)
    assert stage.channel.contents == ["new", "while away"]


async def test_stop_waits_for_what_was_started_and_leaves_the_rest(stage: Stage) -> None:
    """Sixteen under way end and are committed; the others come again after the next start."""
    worker = await stage.running()
    gate = await stage.publish_held(worker, 20)
    stopping = asyncio.create_task(worker.stop())
    await until(lambda: worker.snapshot().status is Status.STOPPING)
    assert worker.not_ready() == "the worker is STOPPING"
    gate.set()
    await stopping
    assert worker.snapshot().messages_consumed == 17
    assert await stage.committed() == 17
    await worker.start()
    await until(lambda: worker.snapshot().messages_consumed == 21)
    assert sorted(map(int, stage.channel.contents[1:])) == list(range(20))


async def test_stop_gives_up_after_its_time_and_commits_nothing_unsettled(stage: Stage) -> None:
    """A destination that hangs does not hold the stop; its notification stays on Kafka."""
    stage.channel = ScriptedChannel(gate=asyncio.Event())
    worker = await stage.running(drain_timeout=0.1)
    await stage.publish(envelope())
    await stage.channel.arrived(1)
    await worker.stop()
    assert await stage.committed() == 0
    assert worker.snapshot().messages_consumed == 0


async def test_an_unwritable_dead_letter_topic_holds_the_offset(stage: Stage) -> None:
    """Without an acknowledged dead letter nothing is settled, and health says why."""
    worker = await stage.running()
    stage.producer.refused_topic = stage.dead_letter_topic
    await stage.publish(b"garbage", envelope("good"))
    await until(lambda: worker.get_health_status().get("problem") is not None)
    assert "cannot be kept either" in worker.get_health_status()["problem"]
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert worker.snapshot().messages_consumed == 1
    stage.producer.refused_topic = None
    await until(lambda: worker.snapshot().messages_consumed == 2)
    assert "problem" not in worker.get_health_status()


async def test_pause_takes_nothing_and_resume_goes_on(stage: Stage) -> None:
    """While paused nothing is taken, and the group is not left."""
    worker = await stage.running()
    worker.pause()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().lag == 1)
    assert (worker.snapshot().in_flight, worker.snapshot().paused) == (0, True)
    assert worker.not_ready() is None
    worker.resume()
    await until(lambda: worker.snapshot().messages_sent == 1)


async def test_takes_no_more_than_it_may_hold(stage: Stage) -> None:
    """Back-pressure: with room for three, three are taken, and all arrive in the end."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel(gate=gate)
    worker = await stage.running(max_in_flight=3)
    await stage.publish(*(envelope(str(number)) for number in range(10)))
    await until(lambda: worker.snapshot().in_flight == 3)
    gate.set()
    await until(lambda: worker.snapshot().messages_sent == 10)


async def test_what_comes_in_at_once_while_it_waits_is_taken_as_there_is_room(stage: Stage) -> None:
    """With room for one, a batch of ten that ends an idle wait is taken one by one."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel(gate=gate)
    worker = await stage.running(max_in_flight=1)
    async with Topic(stage.connection.bootstrap_servers, "notifications") as topic:
        await topic.write_many([msgspec.json.encode(envelope(str(n))) for n in range(10)])
    await stage.channel.arrived(1)
    assert worker.snapshot().in_flight == 1
    gate.set()
    await until(lambda: worker.snapshot().messages_sent == 10)
    assert stage.channel.most_under_way == 1


async def test_start_waits_for_kafka_and_stop_ends_the_wait(stage: Stage) -> None:
    """With nobody at the broker's address the worker says so and can be stopped."""
    stage.connection.options["bootstrap_servers"] = "127.0.0.1:1"
    worker = stage.worker()
    starting = asyncio.create_task(worker.start())
    await until(lambda: "problem" in worker.get_health_status())
    assert worker.get_health_status()["status"] == "STARTING"
    assert "waiting for Kafka" in worker.get_health_status()["problem"]
    assert worker.not_live() is None
    await worker.stop()
    await starting
    assert worker.snapshot().status is Status.STOPPED


async def test_a_failed_task_rebuilds_the_session_and_loses_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in the engine is reported, and what was in flight is taken again."""
    worker = await stage.running()
    count = worker.parts.uncommitted.settled
    failures = [RuntimeError("bug")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()
        count()

    worker.parts.uncommitted.settled = fail_once  # type: ignore[method-assign]
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1, seconds=20)
    assert stage.channel.contents[0] == "one"
    assert "bug" in caplog.text
    await worker.stop()
    assert await stage.committed() == 1


async def test_a_stop_lets_a_session_end_that_is_ending(stage: Stage) -> None:
    """Whoever is in the middle of leaving the group leaves it, and the next start finds no rest."""
    worker = await stage.running()
    session = worker.parts.current.session
    assert session is not None
    gate, leaving, left = asyncio.Event(), asyncio.Event(), asyncio.Event()
    stop_consumer = session._consumer.stop

    async def leave_slowly(*, at_once: bool = False) -> None:
        del at_once
        leaving.set()
        await gate.wait()
        await stop_consumer()
        left.set()

    session._consumer.stop = leave_slowly  # type: ignore[method-assign]
    session.fail(RuntimeError("bug"))
    await leaving.wait()
    stopping = asyncio.create_task(worker.stop())
    await until(lambda: worker.snapshot().status is Status.STOPPING)
    asyncio.get_running_loop().call_later(0.1, gate.set)
    await stopping
    assert left.is_set()
    await worker.start()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_sent == 1)


async def test_start_and_stop_can_be_repeated(stage: Stage) -> None:
    """Starting twice and stopping twice are what once is."""
    worker = stage.worker()
    await asyncio.gather(worker.start(), worker.start())
    assert worker.stats["is_running"] is True
    assert worker.get_health_status()["broker"] == stage.connection.bootstrap_servers
    await asyncio.gather(worker.stop(), worker.stop())
    assert worker.stats["status"] == "STOPPED"
    assert worker.stats["uptime_seconds"] == 0


async def held_and_revoked(
    stage: Stage, worker: NotificationWorker
) -> tuple[asyncio.Event, Session, set[TopicPartition]]:
    """Publish twenty, hold what was started, and take the partitions away.

    Returns:
        What lets the attempts end, the session, and the partitions.
    """
    gate = await stage.publish_held(worker, 20)
    session = worker.parts.current.session
    assert session is not None
    partitions = set(worker.parts.assignment.partitions())
    await session.rebalances.revoked(partitions)
    return gate, session, partitions


async def test_what_was_under_way_at_a_rebalance_is_joined_not_sent_again(stage: Stage) -> None:
    """Taken away and given back: the attempt under way counts, what waited is fetched again."""
    worker = await stage.running()
    gate, session, partitions = await held_and_revoked(stage, worker)
    assert worker.snapshot().in_flight == 0
    assert worker.not_ready() is not None
    await session.rebalances.assigned(partitions)
    gate.set()
    await until(lambda: worker.snapshot().messages_consumed == 21)
    assert sorted(map(int, stage.channel.contents[1:])) == list(range(20))
    await worker.stop()
    assert await stage.committed() == 21


async def test_what_was_under_way_joins_no_record_of_a_topic_made_anew(stage: Stage) -> None:
    """The same offset of another log is another notification."""
    worker = await stage.running()
    gate, session, partitions = await held_and_revoked(stage, worker)
    started = [item for items in session.rebalances.leftovers.values() for item in items.values()]
    assert started
    for item in started:
        assert isinstance(item, Item)  # as if they had come from the log that was there before
        item.record = msgspec.structs.replace(item.record, timestamp=item.record.timestamp - 60)
    await session.rebalances.assigned(partitions)
    gate.set()
    await until(lambda: worker.snapshot().messages_consumed == 21)
    sent = Counter(stage.channel.contents[1:])
    assert set(sent) == set(map(str, range(20)))
    assert sum(times == 2 for times in sent.values()) == len(started)
    await worker.stop()


async def test_results_of_a_partition_that_went_elsewhere_are_dropped(stage: Stage) -> None:
    """What ends after the revoke is counted by nobody here, and not committed."""
    gate = asyncio.Event()
    stage.channel = ScriptedChannel(gate=gate)
    worker = await stage.running()
    await stage.publish(envelope())
    await stage.channel.arrived(1)
    session = worker.parts.current.session
    assert session is not None
    await session.rebalances.revoked(set(worker.parts.assignment.partitions()))
    await session.rebalances.assigned(set())
    gate.set()
    await until(lambda: "webhook" in worker.snapshot().channels)
    assert worker.snapshot().messages_consumed == 0
    await worker.stop()
    assert await stage.committed() == 0


async def move_to_1000(worker: NotificationWorker) -> None:
    """Let a worker's positions be far behind the ends of the logs."""
    session = worker.parts.current.session
    assert session is not None
    for assigned in worker.parts.assignment:
        assigned.position = 1000
        session._consumer.seek(assigned.partition, 1000)


async def test_goes_on_at_the_end_of_a_log_that_lost_what_was_read(stage: Stage) -> None:
    """Nothing is sent again; it is counted and said, and the new end is committed."""
    worker = await stage.running()
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await move_to_1000(worker)
    await until(lambda: all(each.position < 1000 for each in worker.parts.assignment))
    await stage.publish(envelope("two"))
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert stage.channel.contents == ["one", "two"]
    snapshot = worker.snapshot()
    assert snapshot.messages_vanished > 900
    assert "Kafka lost the end of its log" in snapshot.warnings[0]
    await worker.stop()
    assert await stage.committed() == 2


async def test_begins_anew_with_a_topic_that_has_another_id(stage: Stage) -> None:
    """A position says nothing about another log; that stands behind every commit, too."""
    worker = await stage.running()
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    await move_to_1000(worker)
    for assigned in worker.parts.assignment:
        assigned.topic_id = "the-id-of-the-old-one-"
    await stage.publish(envelope("two"))
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert sorted(stage.channel.contents) == ["one", "one", "two"]
    warnings = worker.snapshot().warnings
    assert any("topic notifications was deleted and recreated" in text for text in warnings)


async def test_looks_at_its_topics_before_it_goes_on_after_a_standstill(stage: Stage) -> None:
    """What a stopped process was told of, before and after, may be of two topics."""
    worker = await stage.running()
    await stage.publish(envelope("one"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    for assigned in worker.parts.assignment:
        assigned.topic_id = "the-id-of-the-old-one-"
    stage.clock.ahead += 5.0
    await stage.publish(envelope("two"))
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert stage.channel.contents == ["one", "one", "two"]


async def test_what_the_log_lost_and_memory_has_is_put_aside_when_it_must_go(
    stage: Stage,
) -> None:
    """Nobody could read it again: a stop writes it to a retry topic, and it comes from there."""
    worker = await stage.running(drain_timeout=0.1, max_age=86_400.0)
    await stage.publish_held(worker, 3)
    (assigned,) = (each for each in worker.parts.assignment if each.items)
    assigned.cut(2)
    assert len(assigned.strays) == 2
    await worker.stop()
    assert worker.snapshot().messages_deferred == 2
    assert await stage.committed() == 1
    stage.channel.gate = None
    await worker.start()
    await until(lambda: worker.snapshot().messages_sent == 6)
    # This log still has what it is said to have lost: that comes from there, too.
    assert sorted(stage.channel.contents[-5:]) == ["0", "1", "1", "2", "2"]


async def test_a_broker_that_goes_away_shows_in_health(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Kafka stops answering, health says for how long."""
    monkeypatch.setattr("app.policies.service.health.BROKER_PATIENCE", -1.0)
    worker = await stage.running()
    assert "Kafka has not answered for" in worker.get_health_status()["problem"]


async def test_a_fault_is_shown_and_ends_neither_the_session_nor_what_is_healthy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record that cannot be read is a dead letter; health names the error until it is past."""
    monkeypatch.setattr("app.engine.cluster.sampling.INTERVAL", 0.01)

    def parse(value: bytes, **known: Any) -> Notification:
        if b"poison" in value:
            raise RecursionError
        return real_parse(value, **known)

    monkeypatch.setattr("app.engine.reading.parse", parse)
    worker = await stage.running()
    session = worker.parts.current.session
    await stage.publish(envelope("poison"), envelope("healthy"))
    await until(lambda: worker.snapshot().messages_consumed == 2)
    await until(lambda: bool(worker.snapshot().conditions))
    (condition,) = worker.snapshot().conditions
    assert (condition.kind, condition.stops_work) == ("internal_error", False)
    assert "RecursionError" in condition.text
    assert stage.channel.contents == ["healthy"]
    assert worker.parts.current.session is session
    stage.clock.ahead = 601.0
    await until(lambda: not worker.snapshot().conditions)


async def test_a_destination_that_lets_nothing_in_is_shown_for_as_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is for somebody to put right; what waits for it is not lost."""
    monkeypatch.setattr("app.engine.cluster.sampling.INTERVAL", 0.01)
    stage.channel = ScriptedChannel([[Denied("535 wrong password", certain=True)]] * 2)
    worker = await stage.running(max_age=60.0)
    await stage.publish(envelope("one"))
    await until(lambda: bool(worker.snapshot().conditions))
    (condition,) = worker.snapshot().conditions
    assert (condition.kind, condition.stops_work) == ("denied", False)
    assert "535 wrong password" in condition.text


async def test_what_cannot_be_routed_for_a_fault_is_a_dead_letter(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visible, with the error's name, instead of a session that fails over it again and again."""

    def route(*_: object, **__: object) -> None:
        raise UnicodeError("x")

    monkeypatch.setattr("app.engine.reading.route", route)
    worker = await stage.running()
    await stage.publish(envelope())
    await until(lambda: worker.snapshot().messages_dead_lettered == 1)
    (letter,) = await stage.dead_letters()
    assert "UnicodeError" in letter.error
    assert worker.snapshot().messages_failed == 1


async def test_nothing_is_taken_before_it_is_known_what_is_paused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot read the control topic waits for it."""
    readable, asked = asyncio.Event(), asyncio.Event()

    async def known() -> None:
        asked.set()
        await readable.wait()

    monkeypatch.setattr(stage.board, "known", known)
    worker = stage.worker()
    starting = asyncio.create_task(worker.start())
    await stage.publish(envelope("one"))
    await asked.wait()
    assert worker.snapshot().status is Status.STARTING
    readable.set()
    await starting
    await until(lambda: worker.snapshot().messages_sent == 1)
