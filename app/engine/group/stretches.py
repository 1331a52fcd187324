"""Divides what one poll returned, so that each part is admitted in a short step."""

from collections.abc import Sequence

from app.engine.reading import HEAVY
from app.values.record import Record, TopicPartition

AT_ONCE = 64
BYTES_AT_ONCE = 131_072
"""Records, and bytes yet to be read, that are admitted in one step."""


def at_once(records: Sequence[Record]) -> int:
    """Return how many records are admitted in one step: at least one.

    Heavy ones were read ahead.
    """
    unread = 0
    for count, record in enumerate(records[:AT_ONCE]):
        size = len(record.value or b"")
        unread += size if size <= HEAVY else 0
        if unread > BYTES_AT_ONCE:
            return max(count, 1)
    return min(len(records), AT_ONCE)


def by_partition(
    records: Sequence[Record],
) -> list[tuple[TopicPartition, Sequence[Record]]]:
    """Split records by their partition; those of each are next to each other."""
    batches: list[tuple[TopicPartition, Sequence[Record]]] = []
    start = 0
    for place in range(1, len(records) + 1):
        if place == len(records) or records[place].partition != records[start].partition:
            batches.append((records[start].partition, records[start:place]))
            start = place
    return batches
