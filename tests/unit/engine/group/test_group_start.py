"""Where a group begins before anybody has joined it: on a broker, with what stands there."""

import asyncio

import pytest

from app.edges.kafka.group_offsets import GroupOffsets
from app.edges.kafka.saved_commits import read_saved
from app.edges.kafka.topic_admin import TopicAdmin
from app.engine.conditions import Conditions
from app.engine.group import group_start
from app.engine.group.group_start import GroupStart
from app.engine.group.saving import CommitSaver
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.policies.books.commit_metadata import Committed, Settled, encode
from app.policies.books.ledger import Commit
from app.policies.books.saved_commits import Saved, commit_entry, visit_entry
from app.values.record import TopicPartition
from app.values.topic import WantedTopic
from tests.support.engine import until
from tests.support.stage import Stage
from tests.support.topic import Topic

TOPIC, CONTROL, RETRY = "notifications", "notifications.control", "notifications.retry"
GROUP = "group"
OTHER_ID = "the-id-of-another-one-"
PARTITIONS = [TopicPartition(TOPIC, number) for number in range(4)]


class Bench:
    """A group that nobody has joined; each of the topic's four partitions holds ten records."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.conditions = Conditions(stage.clock.now)

    async def prepare(self, *, earliest: bool = True) -> None:
        """Let the group begin."""
        subscription = Subscription(
            topics=(TOPIC,),
            dead_letter_topic="notifications.dlq",
            retry_prefix=RETRY,
            control_topic=CONTROL,
            group_id=GROUP,
            start_at_earliest=earliest,
            max_poll_records=500,
            partitions=4,
            replication_factor=1,
        )
        stage = self.stage
        saver = CommitSaver(stage.producer, subscription, Assignment(), stage.clock)
        start = GroupStart(
            stage.connection, subscription, saver, stage.clock, stage.observer, self.conditions
        )
        await start.prepare()

    async def committed(self) -> list[Committed | None]:
        """Return the group's commits for the topic."""
        async with GroupOffsets(self.stage.connection) as offsets:
            found = await offsets.committed(GROUP, PARTITIONS)
        return [found[each] for each in PARTITIONS]

    async def begins(self) -> list[int | None]:
        """Return the group's committed offsets for the topic."""
        return [found.offset if found else None for found in await self.committed()]

    async def commit(self, *commits: Commit | None) -> None:
        """Commit for the group, from partition 0 on."""
        places = dict(zip(PARTITIONS, commits, strict=False))
        async with GroupOffsets(self.stage.connection) as offsets:
            await offsets.commit(GROUP, {at: each for at, each in places.items() if each})

    async def keep(self, *commits: Commit | None, topic_id: str | None = None) -> None:
        """Write saved commits into the control topic, from partition 0 on."""
        topic_id = topic_id or await self.topic_id()
        for partition, commit in zip(PARTITIONS, commits, strict=False):
            if commit is not None:
                entry = commit_entry(GROUP, partition, topic_id, commit, 1.0)
                await self.stage.producer.send(CONTROL, *entry)

    async def topic_id(self) -> str | None:
        """Return the topic's id."""
        async with GroupOffsets(self.stage.connection) as offsets:
            return (await offsets.logs.topic_ids([TOPIC]))[TOPIC]

    async def saved(self) -> Saved:
        """Return what the control topic knows."""
        return await read_saved(self.stage.connection, CONTROL, GROUP)

    @property
    def said(self) -> list[str]:
        """What is said."""
        return [each.kind for each in self.conditions]


@pytest.fixture
async def bench(stage: Stage) -> Bench:
    """Topics as the worker makes them."""
    servers = stage.connection.bootstrap_servers
    async with Topic(servers, TOPIC) as topic:
        for number in range(4):
            await topic.write_many([b"{}"] * 10, partition=number)
    own = [CONTROL, *(f"{RETRY}.{delay}" for delay in ("0s", "30s"))]
    async with TopicAdmin(stage.connection) as admin:
        await admin.create([WantedTopic(name, 4) for name in own], None)
    return Bench(stage)


@pytest.mark.parametrize(("earliest", "offset"), [(True, 0), (False, 10)])
async def test_a_new_group_begins_where_it_is_told_and_only_once(
    bench: Bench, earliest: bool, offset: int
) -> None:
    """What there was at first is written down; a group that is there is left alone."""
    await bench.prepare(earliest=earliest)
    assert await bench.begins() == [offset] * 4
    topic_id = await bench.topic_id()
    assert [found and found.topic_id for found in await bench.committed()] == [topic_id] * 4
    (visit,) = (await bench.saved()).visits.values()
    assert (visit.partitions, visit.topic_id) == (4, topic_id)
    await bench.prepare(earliest=not earliest)
    assert await bench.begins() == [offset] * 4
    assert bench.said == []


async def test_partitions_that_another_program_did_not_commit_begin_as_it_is_told(
    bench: Bench,
) -> None:
    """With latest nothing old is sent, and what it had committed counts."""
    await bench.commit(Commit(4))
    await bench.prepare(earliest=False)
    assert await bench.begins() == [4, 10, 10, 10]


async def test_a_partition_that_was_added_since_is_read_from_its_start(bench: Bench) -> None:
    """With latest, too: it was not there when the group came first."""
    entry = visit_entry(GROUP, TOPIC, await bench.topic_id(), 3, 1.0)
    await bench.stage.producer.send(CONTROL, *entry)
    await bench.commit(Commit(5), Commit(5))
    await bench.prepare(earliest=False)
    assert await bench.begins() == [5, 5, 10, 0]
    assert (await bench.saved()).visits[TOPIC].partitions == 3


async def test_offsets_that_kafka_forgot_are_taken_from_the_control_topic(bench: Bench) -> None:
    """With what was settled above them, and with a warning that says how to start over."""
    above = encode(6, 9, [6])
    await bench.keep(Commit(5), Commit(6, above), Commit(10), Commit(0))
    await bench.prepare()
    topic_id = await bench.topic_id()
    assert await bench.committed() == [
        Committed(5, topic_id=topic_id),
        Committed(6, Settled(9, (6,)), topic_id=topic_id),
        Committed(10, topic_id=topic_id),
        Committed(0, topic_id=topic_id),
    ]
    (condition,) = bench.conditions
    assert condition.kind == "offsets_restored"
    assert "4 partitions of notifications" in condition.text
    assert "notifier group reset" in condition.text
    assert (await bench.saved()).visits == {}


async def test_kept_commits_of_another_topic_count_for_nothing(bench: Bench) -> None:
    """It was made anew while nobody was there."""
    await bench.keep(Commit(5), Commit(6), topic_id=OTHER_ID)
    await bench.prepare(earliest=False)
    assert await bench.begins() == [0, 0, 0, 0]
    assert bench.said == ["topic_recreated"]


async def test_a_group_that_has_members_is_left_to_them(
    bench: Bench, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka takes no commit from outside then; what there is at first is written down all the same."""
    worker = await stage.running()

    async def nothing(_: object, __: str, partitions: list[TopicPartition]) -> dict[object, None]:
        return dict.fromkeys(partitions)

    monkeypatch.setattr(GroupOffsets, "committed", nothing)
    monkeypatch.setattr(group_start, "read_saved", read_nothing)
    await bench.prepare(earliest=False)
    monkeypatch.undo()
    assert [offset == 10 for offset in await bench.begins()] != [True] * 4
    await until(lambda: worker.snapshot().lag == 0)
    assert (await bench.saved()).visits[TOPIC].partitions == 4


async def read_nothing(*_: object) -> Saved:
    """Know nothing."""
    return Saved({}, {})


async def test_a_group_that_was_here_and_is_not_known_waits_for_a_minute(
    bench: Bench, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is a problem: everything would be sent again. Then it begins as it is told."""
    await stage.producer.send(f"{RETRY}.30s", b"k", b"{}")
    monkeypatch.setattr(group_start, "PATIENCE", 0.5)
    preparing = asyncio.create_task(bench.prepare())
    await until(lambda: bench.conditions.problem is not None)
    problem = bench.conditions.problem or ""
    assert "the group group has been here before" in problem
    assert (
        "it begins at the earliest of its topics, and what was sent before is sent again" in problem
    )
    assert await bench.begins() == [None] * 4
    await preparing
    assert await bench.begins() == [0] * 4
    assert bench.conditions.problem is None
    assert "it began at the earliest" in next(iter(bench.conditions)).text


async def test_what_an_operator_sets_within_that_minute_counts(
    bench: Bench, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The offsets are read again when it is over."""
    await stage.producer.send(f"{RETRY}.30s", b"k", b"{}")
    monkeypatch.setattr(group_start, "PATIENCE", 0.5)
    preparing = asyncio.create_task(bench.prepare(earliest=False))
    await until(lambda: bench.conditions.problem is not None)
    assert "what nobody has read yet is not sent" in (bench.conditions.problem or "")
    await bench.commit(Commit(7), Commit(8))
    await preparing
    assert await bench.begins() == [7, 8, 10, 10]


async def test_a_group_of_which_anything_is_known_does_not_wait(bench: Bench, stage: Stage) -> None:
    """A commit on Kafka or in the control topic, of whatever partition."""
    await stage.producer.send(f"{RETRY}.30s", b"k", b"{}")
    await bench.keep(None, Commit(3))
    await bench.prepare(earliest=False)
    assert await bench.begins() == [0, 3, 0, 0]
