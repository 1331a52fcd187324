"""The keeper of topics: what it makes, mends, misses and says."""

import asyncio

import pytest

from app.configured import subscription_of
from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.connection import Connection
from app.edges.kafka.topic_admin import TopicAdmin
from app.engine.cluster import topics
from app.engine.cluster.topics import AWAY_PATIENCE, SourceTopic, TopicKeeper
from app.engine.conditions import Conditions
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.group import GroupMember
from app.values.record import TopicPartition
from app.values.rights import Right
from app.values.topic import TopicState
from tests.support.engine import until
from tests.support.survey import (
    CONTROL,
    DEAD,
    OWN,
    RETRY,
    SOURCE,
    Cluster,
    FakeSurvey,
    worker_at,
)

KAFKA = Connection("kafka.example:9092", {})


class Stage:
    """A keeper, its cluster, and a clock that the test sets."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.now = 0.0
        self.conditions = Conditions(lambda: self.now)
        self.keeper = TopicKeeper(
            KAFKA,
            subscription_of(KafkaSettings()),
            self.conditions,
            monotonic=lambda: self.now,
            survey=lambda _: FakeSurvey(self.cluster),
        )

    async def look(self) -> None:
        """Look after the topics once."""
        await self.keeper.look(FakeSurvey(self.cluster))

    def problem(self) -> str:
        """Return what stops the work; nothing where nothing does."""
        return self.conditions.problem or ""

    def said(self) -> dict[tuple[str, str], str]:
        """Return everything that is said, by kind and subject."""
        return {(each.kind, each.subject): each.text for each in self.conditions}


@pytest.fixture
async def stage() -> Stage:
    """Everything is as it has to be."""
    return Stage()


async def test_everything_is_made_before_the_work_begins(stage: Stage) -> None:
    """With what it needs, whatever the brokers' defaults are."""
    stage.cluster.states = {}
    stage.cluster.configs = {}
    await stage.keeper.make()
    assert stage.cluster.states.keys() == {SOURCE, *OWN}
    assert stage.cluster.configs[DEAD]["retention.ms"] == "2592000000"
    assert stage.cluster.configs[f"{RETRY}.1h"]["message.timestamp.type"] == "LogAppendTime"
    assert stage.cluster.configs[CONTROL]["cleanup.policy"] == "compact"
    assert stage.cluster.configs[CONTROL]["segment.ms"] == "600000"
    assert stage.said() == {}


async def test_nothing_begins_before_everything_can_be_written(stage: Stage) -> None:
    """Whoever takes a record has to be able to put it away."""
    stage.cluster.unwritable = {CONTROL}
    with pytest.raises(KafkaRefusedError, match=f"not writable: {CONTROL}"):
        await stage.keeper.make()


async def test_wrong_settings_are_put_right(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Others are left as they are, and it is logged."""
    stage.cluster.configs[DEAD] |= {"retention.ms": "60000", "segment.ms": "60000"}
    await stage.keeper.make()
    assert stage.cluster.configs[DEAD]["retention.ms"] == "2592000000"
    assert stage.cluster.configs[DEAD]["segment.ms"] == "60000"
    assert (
        f"configuration of the topic {DEAD} was wrong and was corrected: retention.ms=2592000000"
        in (caplog.text)
    )
    assert stage.said() == {}


async def test_what_is_more_than_enough_is_left(stage: Stage) -> None:
    """Limits of size and time are the least that will do."""
    more = {"retention.ms": "-1", "max.message.bytes": "9999999"}
    stage.cluster.configs[DEAD] |= more
    await stage.keeper.make()
    assert stage.cluster.configs[DEAD].items() >= more.items()


async def test_what_has_been_replaced_does_not_stay_for_long(stage: Stage) -> None:
    """Workers write to the control topic every few seconds; what is compacted sooner is left."""
    stage.cluster.configs[CONTROL] |= {
        "segment.ms": "604800000",
        "min.cleanable.dirty.ratio": "0.05",
    }
    await stage.keeper.make()
    assert stage.cluster.configs[CONTROL]["segment.ms"] == "600000"
    assert stage.cluster.configs[CONTROL]["min.cleanable.dirty.ratio"] == "0.05"
    assert stage.said() == {}


async def test_what_cannot_be_put_right_is_said_until_somebody_does(stage: Stage) -> None:
    """The work goes on meanwhile."""
    stage.cluster.configs[DEAD]["cleanup.policy"] = "compact"
    stage.cluster.unaltered = {DEAD: "this user may not change it: allow it AlterConfigs"}
    stage.cluster.states[f"{RETRY}.0s"] = TopicState(1, 1)
    await stage.keeper.make()
    said = stage.said()
    assert said.keys() == {("topic_settings", DEAD), ("topic_settings", f"{RETRY}.0s")}
    assert "those without a key are refused" in said["topic_settings", DEAD]
    assert "allow it AlterConfigs" in said["topic_settings", DEAD]
    assert not stage.problem()
    stage.cluster.unaltered = {}
    stage.cluster.states[f"{RETRY}.0s"] = TopicState(12, 1)
    await stage.look()
    assert stage.said() == {}


async def test_own_topics_that_vanish_are_made_again(stage: Stage) -> None:
    """A dead letter would have nowhere to go."""
    del stage.cluster.states[DEAD]
    await stage.look()
    assert stage.cluster.states[DEAD] == TopicState(12, 1)
    assert not stage.problem()


async def test_an_own_topic_that_may_not_be_made_again_is_a_problem(stage: Stage) -> None:
    """Until it is there."""
    del stage.cluster.states[DEAD]
    stage.cluster.refused = {DEAD: ("allow this user Create on it", "")}
    await stage.look()
    assert stage.problem() == "allow this user Create on it"
    stage.cluster.refused = {}
    await stage.look()
    assert not stage.problem()


async def test_a_consumed_topic_that_is_away_for_a_minute_is_a_problem(stage: Stage) -> None:
    """Whoever deletes a topic to make it anew is given the time; it is not made here."""
    state = stage.cluster.states.pop(SOURCE)
    await stage.look()
    stage.now = AWAY_PATIENCE - 1
    await stage.look()
    assert not stage.problem()
    stage.now = AWAY_PATIENCE
    await stage.look()
    assert f"the topic {SOURCE} is not there any more" in stage.problem()
    stage.cluster.states[SOURCE] = state
    await stage.look()
    assert not stage.problem()


async def test_a_consumed_topic_that_is_hidden_is_not_taken_for_gone(stage: Stage) -> None:
    """Whoever reads it says so."""
    del stage.cluster.states[SOURCE]
    stage.cluster.denied = {Right.DESCRIBE: {SOURCE}}
    for now in (0, 1 + AWAY_PATIENCE):
        stage.now = now
        await stage.look()
    assert stage.said() == {}


async def test_records_that_nobody_reads_are_pointed_out(stage: Stage) -> None:
    """Ginkgo's newer versions write to another topic."""
    newer = "ginkgo.notifications"
    stage.cluster.states[newer] = TopicState(1, 1)
    stage.cluster.logs = {TopicPartition(newer, 0): range(3)}
    await stage.look()
    assert "records there: 3" in stage.said()["topic_unread", newer]
    assert not stage.problem()


async def test_members_that_should_not_be_there_are_named(stage: Stage) -> None:
    """What they take is not delivered here."""
    stage.cluster.members = [worker_at("10.0.0.1"), GroupMember("rdkafka", "10.0.0.9", ())]
    await stage.look()
    said = stage.said()["group_members", "members"]
    assert "no workers of this service (rdkafka at 10.0.0.9)" in said
    stage.cluster.members.pop()
    await stage.look()
    assert stage.said() == {}


async def test_the_topic_to_publish_to_is_made_if_no_worker_has_run() -> None:
    """A test notification may come before the first start."""
    async with EmbeddedBroker() as broker:
        connection = Connection(
            broker.address, {"bootstrap_servers": broker.address}, embedded=True
        )
        topic = SourceTopic(connection, subscription_of(KafkaSettings(topics=("first", "second"))))
        for _ in range(2):
            await topic.make()
        async with TopicAdmin(connection) as admin:
            assert (await admin.topics(["first", "second"])).keys() == {"first"}


async def test_it_looks_now_and_again_whatever_happens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is lost is made anew."""
    monkeypatch.setattr(topics, "INTERVAL", 0.001)
    stage.cluster.failures = [KafkaUnavailableError("no coordinator")]
    watching = asyncio.create_task(stage.keeper.watch())
    for _ in range(2):
        del stage.cluster.states[DEAD]
        await until(lambda: DEAD in stage.cluster.states)
    watching.cancel()
    assert not stage.cluster.failures
