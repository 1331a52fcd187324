"""Replays on a broker: from the dead letters through the retry topic to the destination."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.topic_tail import TopicTail
from app.engine.addresses import Addresses
from app.engine.control.board import Board
from app.engine.control.replay import Replayer
from app.engine.tasks import Tasks
from app.engine.worker import NotificationWorker
from app.policies.routing import Defaults
from app.values.errors import BusyError, KafkaUnavailableError
from app.values.outcome import Reason, Rejected, Retry
from app.values.replay import Replay, Selection
from tests.support.channels import KNOWN
from tests.support.engine import ScriptedChannel, until
from tests.support.stage import Stage, envelope


class Bench:
    """A replayer beside a worker."""

    def __init__(self, stage: Stage) -> None:
        tail = partial(TopicTail, stage.connection, "notifications.control")
        self.board = Board("group", stage.clock, tail)
        self.letters = DeadLetters(stage.connection, stage.dead_letter_topic, self.board.marks)
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.replayer = Replayer(
            self.letters,
            self.board,
            stage.producer,
            retry_topic="notifications.retry.0s",
            control_topic="notifications.control",
            group_id="group",
            ours=frozenset({"notifications"}),
            addresses=Addresses(None, None, Defaults(), KNOWN),
            now=stage.clock.broker_now,
            spawn=self.tasks.spawn,
        )

    async def run(self, selection: Selection, rate: float | None = None) -> Replay:
        """Replay to the end."""
        await self.replayer.start(selection, rate)
        await until(lambda: self.replayer.progress.state != "running")
        return self.replayer.progress


@pytest.fixture
async def bench(stage: Stage) -> AsyncIterator[Bench]:
    """A replayer on the same broker."""
    made = Bench(stage)
    following = asyncio.create_task(made.board.run())
    yield made
    following.cancel()
    await asyncio.wait((following,))


async def refused(stage: Stage, *values: bytes | dict[str, Any]) -> NotificationWorker:
    """Start a worker, publish, and wait until the destination has refused each of them once."""
    stage.channel = ScriptedChannel([[Rejected("no")]] * len(values))
    worker = await stage.running()
    await stage.publish(*values)
    await until(lambda: worker.snapshot().messages_failed == len(values))
    return worker


async def test_dead_letters_are_delivered_once_they_can_be(stage: Stage, bench: Bench) -> None:
    """Refused, replayed, delivered; marked, and not replayed a second time."""
    worker = await refused(stage, *(envelope(f"m{number}") for number in range(3)))
    plan = await bench.replayer.plan(Selection())
    assert (plan.state, plan.selected, plan.replayable, len(plan.ids)) == ("planned", 3, 3, 3)
    assert len(stage.channel.sent) == 3
    done = await bench.run(Selection(reason=Reason.REJECTED))
    assert (done.state, done.replayed, done.error) == ("done", 3, None)
    await until(lambda: worker.snapshot().messages_sent == 3)
    assert worker.snapshot().messages_consumed == 6
    page = await bench.letters.page(limit=10)
    assert all(letter.replayed for letter in page.dead_letters)
    one = await bench.letters.get(*map(int, page.dead_letters[0].id.split("/")))
    assert one is not None
    assert one.replayed
    again = await bench.run(Selection())
    assert (again.replayable, again.already, again.replayed) == (0, 3, 0)


async def test_replayed_twice_it_keeps_its_origin_and_counts(stage: Stage, bench: Bench) -> None:
    """The dead letter of a replay says how often it was replayed, and where it came from."""
    stage.channel = ScriptedChannel([[Rejected("no")]] * 3)
    worker = await stage.running()
    await stage.publish(envelope("stubborn"))
    for count in (1, 2, 3):
        await until(lambda count=count: worker.snapshot().messages_failed == count)  # type: ignore[misc]
        if count < 3:
            await bench.run(Selection())
    letters = await stage.dead_letters()
    assert sorted(letter.replays for letter in letters) == [0, 1, 2]
    assert len({letter.origin for letter in letters}) == 1
    assert letters[0].origin.startswith("notifications/")


async def test_single_ones_by_their_id(stage: Stage, bench: Bench) -> None:
    """The others stay where they are; an id that is not there is said."""
    worker = await refused(stage, envelope("a"), envelope("b"))
    chosen = (await stage.dead_letters())[1]
    partition, offset = map(int, chosen.id.split("/"))
    done = await bench.run(Selection(places=frozenset({(partition, offset), (0, 999)})))
    assert (done.replayed, done.missing) == (1, 1)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert stage.channel.contents[-1] in {"a", "b"}


async def test_what_has_expired_is_said_and_not_sent(stage: Stage, bench: Bench) -> None:
    """Its time does not begin anew."""
    worker = await stage.running()
    await stage.publish(envelope("late", expires_at="2001-01-01T00:00:00Z"))
    await until(lambda: worker.snapshot().messages_expired == 1)
    done = await bench.run(Selection())
    assert (done.expired, done.replayed) == (1, 0)


async def test_a_replay_that_was_ended_goes_on_where_it_was(stage: Stage, bench: Bench) -> None:
    """Half-way: some are marked, the others are replayed by the next one, none is lost."""
    worker = await refused(stage, *(envelope(str(number)) for number in range(5)))
    begun = await bench.replayer.start(Selection(), rate=1.5)
    assert (begun.state, begun.replayable) == ("running", 5)
    with pytest.raises(BusyError):
        await bench.replayer.start(Selection(), None)
    await until(lambda: bench.replayer.progress.replayed >= 1)
    await bench.tasks.cancel()
    assert bench.replayer.progress.state == "failed"
    assert bench.replayer.progress.replayed < 5
    done = await bench.run(Selection())
    assert done.state == "done"
    await until(lambda: worker.snapshot().messages_sent == 5)
    assert sorted(stage.channel.contents[5:]) == list("01234")


async def test_kafka_away_fails_the_replay_and_loses_nothing(
    stage: Stage, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not acknowledged is not marked."""
    await refused(stage, envelope("one"))

    async def away(*_: object) -> None:
        await asyncio.sleep(0)
        raise KafkaUnavailableError("away")

    with monkeypatch.context() as broken:
        broken.setattr(stage.producer, "send", away)
        done = await bench.run(Selection())
    assert (done.state, done.error, done.replayed) == ("failed", "away", 0)
    assert (await bench.replayer.plan(Selection())).replayable == 1


async def test_a_replay_whose_topic_cannot_be_read_does_not_begin(bench: Bench) -> None:
    """And the next one may."""
    bench.letters._connection.options["bootstrap_servers"] = "127.0.0.1:1"
    with pytest.raises(KafkaUnavailableError):
        await bench.replayer.start(Selection(), None)
    assert bench.replayer.progress.state == "idle"


async def test_what_is_replayed_is_sent_although_its_repeat_was_delivered(
    stage: Stage, bench: Bench
) -> None:
    """Somebody asked for it: the memory of repeats has no say about what comes from there."""
    same = envelope("same", message_id="m-1")
    worker = await refused(stage, same)
    await stage.publish(same)
    await until(lambda: worker.snapshot().messages_sent == 1)
    await bench.run(Selection())
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert worker.snapshot().messages_duplicate == 0


async def test_what_is_not_in_the_retry_topic_is_not_marked(
    stage: Stage, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay that fails between the two is made again."""
    await refused(stage, envelope("one"))
    send = stage.producer.send

    async def refuse(topic: str, *record: object) -> object:
        if topic.startswith("notifications.retry"):
            raise KafkaUnavailableError("away")
        return await send(topic, *record)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(stage.producer, "send", refuse)
        assert (await bench.run(Selection())).state == "failed"
    assert (await bench.run(Selection())).replayed == 1


FORGED = (
    ("notifier.origin.topic", b"notifications"),
    ("notifier.origin.partition", b"0"),
    ("notifier.origin.offset", b"4711"),
    ("notifier.origin.timestamp", b"2001-01-01T00:00:00+00:00"),
    ("notifier.reason", b"expired"),
    ("notifier.group", b"another"),
    ("notifier.replays", b"7"),
    ("notifier.attempts", b"9"),
    ("notifier.first_failure", b"2001-01-01T00:00:00+00:00"),
    ("notifier.format", b"99"),
    ("notifier.targets.left", b'[{"channel":"webhook","label":"x","id":"x"}]'),
    ("notifier.targets.delivered", b'[{"channel":"webhook","label":"x","id":"x"}]'),
    ("notifier.value.sha256", b"x"),
)


async def test_headers_of_a_consumed_topic_are_the_producers_business(
    stage: Stage, bench: Bench
) -> None:
    """They change neither where a record comes from, nor what becomes of it, nor its replay."""
    stage.channel = ScriptedChannel([[Rejected("no")]] * 2)
    worker = await stage.running()
    for content in ("first", "second"):
        value = msgspec.json.encode(envelope(content, ttl_seconds=3600))
        await stage.producer.send("notifications", b"k", value, (*FORGED, ("mine", b"1")))
    await until(lambda: worker.snapshot().messages_failed == 2)
    letters = await stage.dead_letters()
    assert len({letter.origin for letter in letters}) == 2
    for letter in letters:
        assert not letter.origin.endswith("/4711")
        assert (letter.reason, letter.attempts, letter.replays) == ("rejected", 1, 0)
        assert letter.headers["notifier.group"] == "group"
        assert letter.headers["mine"] == "1"
        assert "notifier.value.sha256" not in letter.headers
    done = await bench.run(Selection())
    assert (done.doubles, done.incomplete, done.foreign, done.replayed) == (0, 0, 0, 2)
    await until(lambda: worker.snapshot().messages_sent == 2)
    assert sorted(stage.channel.contents[2:]) == ["first", "second"]


async def test_a_forged_record_that_is_put_aside_is_sent_to_all_its_targets(stage: Stage) -> None:
    """In the retry topic stands what this service says of it."""
    stage.channel = ScriptedChannel([[Retry("later")]])
    worker = await stage.running(max_age=86_400.0, attempts=1)
    value = msgspec.json.encode(envelope("once"))
    await stage.producer.send("notifications", b"k", value, FORGED)
    await until(lambda: worker.snapshot().deferred_waiting == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert [sent.source for sent in stage.channel.sent] == ["notifications/0/0"] * 2
