"""Partitions that cannot be read: said by topic, with what helps; a problem if nothing is left."""

import pytest

from app.edges.kafka.fetch_watch import NO_LEADER, NOT_ALLOWED, Unreadable
from app.engine.cluster.unreadable import UnreadablePartitions
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from app.values.record import TopicPartition

A, B, B2, RETRY = (
    TopicPartition("a", 0),
    TopicPartition("b", 0),
    TopicPartition("b", 1),
    TopicPartition("retry.0s", 0),
)
DISK_LOST, UNHEARD_OF = 56, 4711


class Desk:
    """A worker that has partitions of two topics and of a retry topic."""

    def __init__(self) -> None:
        self.assignment = Assignment()
        self.assignment.give({each: Start(0) for each in (A, B, B2, RETRY)}, {})
        self.conditions = Conditions(lambda: 0.0)
        self.looking = UnreadablePartitions(self.assignment, ("a", "b"), self.conditions, "worker")

    def texts(self) -> list[str]:
        """Return what is said."""
        return [each.text for each in self.conditions]


@pytest.fixture
def desk() -> Desk:
    """Where it is looked for."""
    return Desk()


def test_a_topic_that_may_not_be_read_is_named_with_the_right_and_the_remedy(desk: Desk) -> None:
    """Others progress: a warning. It ends once it can be read."""
    desk.looking.look({A: Unreadable(NOT_ALLOWED, 1.0)}, [])
    [text] = desk.texts()
    assert "may not read a:" in text
    assert "--allow-principal User:worker --operation Read --operation Describe --topic a" in text
    assert desk.conditions.problem is None
    assert desk.assignment[A].unreadable
    assert not desk.assignment[B].unreadable
    desk.looking.look({}, [])
    assert not desk.texts()
    assert not desk.assignment[A].unreadable


def test_a_topic_that_may_not_even_be_seen_is_named_too(desk: Desk) -> None:
    """Nobody gives its partitions to anybody."""
    desk.looking.look({}, ["a"])
    assert "may not read a:" in desk.texts()[0]


def test_it_is_a_problem_if_nothing_can_be_read(desk: Desk) -> None:
    """What waits in the retry topics is not what the worker is there for."""
    why = Unreadable(NOT_ALLOWED, 1.0)
    desk.looking.look({A: why, B: why, B2: why}, [])
    assert desk.conditions.problem is not None
    desk.looking.look({A: why, B: why}, [])
    assert desk.conditions.problem is None


@pytest.mark.parametrize(("hidden", "stops"), [(["a"], False), (["a", "b"], True)])
def test_a_worker_without_partitions_has_a_problem_if_it_may_see_no_topic(
    desk: Desk, hidden: list[str], stops: bool
) -> None:
    """Otherwise others have them."""
    desk.assignment.take()
    desk.looking.look({}, hidden)
    assert (desk.conditions.problem is not None) == stops


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (NO_LEADER, "no broker leads it; start the brokers that hold it"),
        (DISK_LOST, "lost the disk"),
        (UNHEARD_OF, "error 4711"),
    ],
)
def test_what_is_away_for_a_while_is_named_with_its_partitions(
    desk: Desk, code: int, words: str
) -> None:
    """Leaders move all the time: what lasts a few seconds is nobody's business."""
    desk.looking.look({B: Unreadable(code, 2.0), B2: Unreadable(code, 9.0)}, [])
    assert not desk.texts()
    desk.looking.look({B: Unreadable(code, 12.0), B2: Unreadable(code, 19.0)}, [])
    [text] = desk.texts()
    assert text.startswith("b/0,1 cannot be read for more than 19 s: ")
    assert words in text


def test_many_partitions_are_counted(desk: Desk) -> None:
    """A line is a line."""
    desk.looking.look(
        {TopicPartition("b", number): Unreadable(NO_LEADER, 20.0) for number in range(1000)}, []
    )
    [text] = desk.texts()
    assert "b/0,1,2,3,4,5,6,7,8,9 and 990 more cannot" in text
