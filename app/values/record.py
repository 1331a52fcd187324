"""Records of Kafka, not parsed yet."""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

Headers = tuple[tuple[str, bytes | None], ...]


class TopicPartition(NamedTuple):
    """A partition of a topic. Equal to, and hashed like, aiokafka's own."""

    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as it came from a topic."""

    partition: TopicPartition
    offset: int
    timestamp: float  # the record's own time in seconds since the epoch; 0 or less if it has none
    key: bytes | None  # as produced, or None
    value: bytes | None  # as produced; None is a tombstone
    headers: Headers = ()  # as produced, in order
    # why it could not be decoded; ``value`` then holds what stood there, which may have been
    # several records
    unreadable: str | None = None

    @property
    def coordinates(self) -> str:
        """``topic/partition/offset``, the record's name if it has no ``message_id``."""
        return coordinates(self.partition, self.offset)

    def stamped(self, arrival: float) -> "Record":
        """Return it with a time: the record's own, else that of its arrival."""
        return self if self.timestamp > 0 else replace(self, timestamp=arrival)


def coordinates(partition: TopicPartition, offset: int) -> str:
    """Return the name of an offset."""
    return f"{partition.topic}/{partition.partition}/{offset}"
