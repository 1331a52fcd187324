"""What the group gives this worker: nothing, although there is something, is a problem."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from app.configured import subscription_of
from app.engine.conditions import Conditions
from app.engine.group.share import NOTHING, SPARE, Share
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.settings.models import KafkaSettings
from app.values.errors import KafkaUnavailableError
from app.values.group import GroupMember
from app.values.record import TopicPartition
from tests.support.engine import SkewedClock, until
from tests.support.survey import RETRY, SOURCE, Cluster, FakeSurvey, worker_at

FIRST, SECOND = TopicPartition(SOURCE, 0), TopicPartition(SOURCE, 1)
STRANGER = GroupMember(
    "ginkgo", "10.0.0.9", ("orders",), "ginkgo-1", (TopicPartition("orders", 0),)
)
ME = replace(worker_at("10.0.0.1"), id="me")


class Desk:
    """A worker in a group, and what it looks into."""

    def __init__(self) -> None:
        self.cluster = Cluster(starved=True)
        self.assignment = Assignment()
        self.conditions = Conditions(lambda: 0.0)
        self.leader: str | None = None
        self.running: asyncio.Task[None] | None = None
        self.share = Share(
            None,  # type: ignore[arg-type]  # what asks the cluster needs none here
            subscription_of(KafkaSettings(topics=(SOURCE,))),
            self.assignment,
            self.conditions,
            SkewedClock(),
            leader=lambda: self.leader,
            survey=lambda _: FakeSurvey(self.cluster),
        )

    def begin(self) -> None:
        """Let it look."""
        self.running = asyncio.create_task(self.share.run())

    def said(self) -> dict[str, str]:
        """Return what is said, by kind."""
        return {each.kind: each.text for each in self.conditions}


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """One that looks all the time, with no patience."""
    monkeypatch.setattr("app.engine.group.share.TURN_SECONDS", 0.01)
    monkeypatch.setattr("app.engine.group.share.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("app.engine.group.share.PATIENCE", 0.0)
    made = Desk()
    yield made
    assert made.running is not None
    made.running.cancel()
    await asyncio.gather(made.running, return_exceptions=True)


async def test_nobody_who_has_something_is_looked_into(desk: Desk) -> None:
    """Whoever has a partition is in the group as it should be."""
    desk.assignment.give({FIRST: Start(0)}, {})
    desk.cluster.failures = [KafkaUnavailableError("nobody is to ask")]
    desk.begin()
    await asyncio.sleep(0.05)
    assert desk.cluster.failures
    assert not desk.said()


async def test_a_leader_of_another_kind_is_named(desk: Desk) -> None:
    """Its program, its host, what it consumes, and what to do; it ends with the first partition."""
    desk.cluster.members = [STRANGER, ME]
    desk.leader = "ginkgo-1"
    desk.begin()
    await until(lambda: NOTHING in desk.said())
    text = desk.said()[NOTHING]
    assert "2 partitions of notifications have nobody" in text
    assert "The member ginkgo at 10.0.0.9 leads the group" in text
    assert "it consumes orders" in text
    assert desk.share.starved == text
    assert desk.conditions.problem == text
    desk.assignment.give({FIRST: Start(0)}, {})
    await until(lambda: not desk.said())
    assert desk.share.starved is None


async def test_members_are_named_if_nobody_knows_who_leads(desk: Desk) -> None:
    """It is one of them."""
    desk.cluster.members = [STRANGER, ME]
    desk.begin()
    await until(lambda: NOTHING in desk.said())
    assert (
        "its members are ginkgo at 10.0.0.9 (orders), notification-worker at 10.0.0.1"
        " (notifications)" in desk.said()[NOTHING]
    )


async def test_one_worker_more_than_there_are_partitions_is_a_spare_one(desk: Desk) -> None:
    """A warning, and it is ready to take over."""
    others = [
        replace(worker_at("10.0.0.2"), partitions=(FIRST,)),
        replace(worker_at("10.0.0.3"), partitions=(SECOND,)),
    ]
    desk.cluster.members = [ME, *others]
    desk.begin()
    await until(lambda: SPARE in desk.said())
    assert "has 3 members for 2 partitions" in desk.said()[SPARE]
    assert desk.share.starved is None
    assert desk.conditions.problem is None


async def test_retry_topics_are_not_what_a_worker_is_there_for(desk: Desk) -> None:
    """Whoever has those alone is as hungry as one that has none."""
    desk.assignment.give({TopicPartition(f"{RETRY}.0s", 0): Start(0)}, {})
    desk.cluster.members = [STRANGER, ME]
    desk.begin()
    await until(lambda: NOTHING in desk.said())


async def test_topics_that_are_away_are_said_elsewhere(desk: Desk) -> None:
    """Nobody could have what is not there, and a cluster that is away tells nothing."""
    desk.cluster.states.clear()
    desk.cluster.failures = [KafkaUnavailableError("away")]
    desk.begin()
    await until(lambda: not desk.cluster.failures)
    await asyncio.sleep(0.05)
    assert not desk.said()


async def test_a_group_that_this_worker_is_not_in_gives_it_nothing_to_say(desk: Desk) -> None:
    """It has not joined yet, or has been left out: others see to that."""
    desk.begin()
    await asyncio.sleep(0.05)
    assert not desk.said()


async def test_a_group_that_is_being_balanced_is_given_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its slowest member whenever one comes or goes."""
    monkeypatch.setattr("app.engine.group.share.PATIENCE", 60.0)
    desk.cluster.members = [STRANGER, ME]
    desk.begin()
    await asyncio.sleep(0.05)
    assert not desk.said()
