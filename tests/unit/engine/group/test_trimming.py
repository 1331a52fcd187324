"""Retry topics are emptied of what is done, if this user may do that."""

from collections.abc import Mapping
from typing import Self

import pytest

from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.engine.conditions import Conditions
from app.engine.group.trimming import INTERVAL, KIND, Trimmer
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, NotifierError
from app.values.record import TopicPartition
from tests.support.engine import SkewedClock

RETRY, SOURCE = TopicPartition("retry.30s", 0), TopicPartition("notifications", 0)


class Stage(Admin):
    """A trimmer, and what it deletes."""

    def __init__(self) -> None:
        self.deleted: list[Mapping[TopicPartition, int]] = []
        self.failure: NotifierError | None = None
        self.conditions = Conditions(lambda: 0.0)
        self._assignment = Assignment({RETRY.topic: 30.0})
        self._clock = SkewedClock()
        self.trimmer = Trimmer(
            Connection("kafka.example:9092", {}),
            self._assignment,
            self._clock,
            self.conditions,
            lambda _: self,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Nothing is open."""

    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See ``Admin``."""
        if self.failure is not None:
            raise self.failure
        self.deleted.append(offsets)

    async def trim_after(self, committed: int) -> None:
        """Let it be time to trim, with so much committed."""
        self._assignment.give({RETRY: Start(committed), SOURCE: Start(committed)}, {})
        self._clock.let_pass(INTERVAL)
        await self.trimmer.trim()


@pytest.fixture
async def stage() -> Stage:
    """Nothing is done yet."""
    return Stage()


async def test_what_is_done_is_deleted_from_retry_topics_alone(stage: Stage) -> None:
    """Once a minute, and only if there is more of it."""
    await stage.trim_after(5)
    await stage.trim_after(5)
    await stage.trimmer.trim()
    await stage.trim_after(7)
    assert stage.deleted == [{RETRY: 5}, {RETRY: 7}]


async def test_what_may_not_be_deleted_is_said_with_its_cost(stage: Stage) -> None:
    """Until it may; then everything goes that has come together."""
    stage.failure = KafkaRefusedError("allow it Delete on each topic")
    await stage.trim_after(1_000)
    await stage.trim_after(1_500)
    [said] = stage.conditions
    assert said.kind == KIND
    assert said.text.startswith("allow it Delete on each topic. Until then")
    assert "1,500 do now" in said.text
    stage.failure = None
    await stage.trim_after(1_501)
    assert stage.deleted == [{RETRY: 1_501}]
    assert not [*stage.conditions]


async def test_a_passing_fault_is_no_condition(stage: Stage) -> None:
    """It is tried again a minute later."""
    stage.failure = KafkaUnavailableError("no leader")
    await stage.trim_after(5)
    stage.failure = None
    await stage.trim_after(5)
    assert stage.deleted == [{RETRY: 5}]
    assert not [*stage.conditions]
