"""The partitions that a worker has."""

from app.engine.partition import Assignment, Start
from app.values.record import TopicPartition


def test_partitions_are_in_order_whatever_order_they_are_given_in() -> None:
    """Every report lists them the same way."""
    assignment = Assignment()
    names = [TopicPartition("b", 1), TopicPartition("a", 10), TopicPartition("a", 9)]
    assignment.give(dict.fromkeys(names, Start(0)), {})
    assert [each.partition for each in assignment] == sorted(names)
