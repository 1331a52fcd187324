"""The partitions that a worker has."""

import pytest

from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned, Done, Head, Start
from app.engine.inflight.transitions import give
from app.policies.books.ledger import Commit
from app.values.record import TopicPartition
from tests.support.engine import PARTITION, assignment, item, notification


def sampled(*, position: int = 10, end: int | None = 10, readable: int | None = None) -> Assigned:
    """Return a partition that was read so far, of a log as it was seen last."""
    assigned = Assigned(PARTITION, Start(0))
    assigned.position, assigned.end, assigned.readable_end = position, end, readable
    return assigned


def test_partitions_are_in_order_whatever_order_they_are_given_in() -> None:
    """Every report lists them the same way."""
    assignment = Assignment()
    names = [TopicPartition("b", 1), TopicPartition("a", 10), TopicPartition("a", 9)]
    assignment.give(dict.fromkeys(names, Start(0)), {})
    assert [each.partition for each in assignment] == sorted(names)


def test_lag_counts_what_an_open_transaction_hides() -> None:
    """It is still to do, and cannot be fetched now."""
    assigned = sampled(position=0, end=21, readable=0)
    assert assigned.snapshot().lag == 21
    assert (assigned.unfetched, assigned.fetchable, assigned.hidden) == (21, 0, 21)
    assigned = sampled(position=2, end=21, readable=10)
    assert (assigned.unfetched, assigned.fetchable, assigned.hidden) == (19, 8, 11)


def test_without_an_open_transaction_all_can_be_fetched() -> None:
    """Nor where nobody knows of one."""
    for readable in (None, 21):
        assigned = sampled(position=0, end=21, readable=readable)
        assert (assigned.unfetched, assigned.fetchable, assigned.hidden) == (21, 21, 0)


def test_a_log_is_as_long_as_what_was_read_of_it() -> None:
    """The end was asked for a while ago: it is not shown behind the position or the commit."""
    assigned = sampled(position=30, end=12)
    assert (assigned.snapshot().end, assigned.snapshot().lag) == (30, 30)
    assigned.ledger.acknowledged(Commit(30))
    assert (assigned.snapshot().end, assigned.snapshot().lag) == (30, 0)
    assigned.position = 25  # sought back since
    assert (assigned.snapshot().end, assigned.snapshot().lag) == (30, 0)


def test_an_end_that_nobody_has_told_yet_is_no_lag() -> None:
    """Nothing is made up."""
    snapshot = sampled(end=None).snapshot()
    assert (snapshot.end, snapshot.lag) == (None, None)


def test_what_is_not_due_is_neither_lag_nor_backlog() -> None:
    """It is counted as waiting."""
    assigned = sampled(position=4, end=10)
    item(notification(), assigned, offset=4)
    assigned.head = Head(4, 1.0)
    snapshot = assigned.snapshot()
    assert (snapshot.lag, snapshot.waiting) == (5, 5)
    assert (assigned.unfetched, assigned.waiting) == (0, 5)


def test_of_a_partition_that_is_left_out_nobody_knows_what_is_hidden() -> None:
    """Its next record is not due, and nothing was fetched of it since: what is new is not hidden."""
    assigned = sampled(position=4, end=21, readable=10)
    assigned.held = True
    assert assigned.hidden == 0


def test_what_is_settled_without_an_acknowledged_commit_is_known_when_the_partition_is_back() -> (
    None
):
    """Kafka gives it out again, and nobody does it again."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0, topic_id="A")}, {})
    assigned = assignment[PARTITION]
    items = [item(notification(str(offset)), assigned, offset=offset) for offset in range(4)]
    assigned.settle(items[0])
    due = assigned.due()
    assert due is not None
    assert due.offset == 1
    assigned.settle(items[2])
    assigned.acknowledged(due)
    assert set(assigned.unacknowledged()) == {2}
    assignment.take()
    assignment.give({PARTITION: Start(1, topic_id="A")}, {})
    assert assignment[PARTITION].leftovers == {2: Done(items[2].digest)}


@pytest.mark.parametrize("start", [Start(0, topic_id="B"), Start(3, topic_id="A")])
def test_it_is_nothing_to_another_topic_or_below_the_commit(start: Start) -> None:
    """Other records stand there, or Kafka knows by now."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0, topic_id="A")}, {})
    assigned = assignment[PARTITION]
    assigned.settle(item(notification(), assigned, offset=2))
    assignment.take()
    assignment.give({PARTITION: start}, {})
    assert assignment[PARTITION].leftovers == {}


def test_what_was_under_way_is_nothing_to_another_topic() -> None:
    """The same bytes may stand there at the same offset, and nobody has sent those."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0, topic_id="A")}, {})
    started = item(notification(), assignment[PARTITION], offset=2)
    assignment.take()
    assignment.give({PARTITION: Start(0, topic_id="B")}, {PARTITION: {2: started}})
    assert assignment[PARTITION].leftovers == {}


def test_a_commit_that_failed_keeps_what_it_spoke_of() -> None:
    """The next one speaks of it again."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assigned = assignment[PARTITION]
    assigned.settle(item(notification(), assigned, offset=0))
    assert assigned.due() is not None
    assert set(assigned.unacknowledged()) == {0}
    assigned.acknowledged(assigned.due() or Commit(0))
    assert assigned.unacknowledged() == {}


def test_whoever_starts_anew_means_what_kafka_says() -> None:
    """Somebody may have set the offsets back, to have it all again."""
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assigned = assignment[PARTITION]
    assigned.settle(item(notification(), assigned, offset=0))
    assignment.take()
    assignment.forget()
    assignment.give({PARTITION: Start(0)}, {})
    assert assignment[PARTITION].leftovers == {}


def test_what_came_in_with_an_earlier_assignment_is_none_of_the_next_ones() -> None:
    """Although the partition is here again; unless its record came in again, too."""
    held = assignment()
    early = item(notification(), held[PARTITION])
    assert held.of(early) is held[PARTITION]
    held.freeze()
    assert held.of(early) is None
    held.take()
    held.give({PARTITION: Start(0)}, {})
    assert held.of(early) is None
    give(early, held[PARTITION].epoch)
    assert held.of(early) is held[PARTITION]
