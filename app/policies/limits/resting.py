"""Partitions that cannot be read rest, each alone, and are asked again with growing pauses.

Pure: takes answers with their times, and says which partitions rest until when.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from app.values.record import TopicPartition

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 15.0


class Trouble(msgspec.Struct, frozen=True):
    """Why a partition cannot be read."""

    code: int  # Kafka's error code
    since: float  # when it was first said, in monotonic seconds
    pause: float  # seconds from the last answer to the next question


class Rests:
    """The partitions that cannot be read now."""

    def __init__(self) -> None:
        self._troubles: dict[TopicPartition, Trouble] = {}

    def __iter__(self) -> Iterator[tuple[TopicPartition, Trouble]]:
        return iter(self._troubles.items())

    def failed(self, partition: TopicPartition, code: int, now: float) -> float:
        """Note that a partition cannot be read; return the seconds until it is asked again."""
        known = self._troubles.get(partition)
        if known is None:
            trouble = Trouble(code, now, FIRST_PAUSE)
        else:
            trouble = Trouble(code, known.since, min(known.pause * 2, LONGEST_PAUSE))
        self._troubles[partition] = trouble
        return trouble.pause

    def read(self, partition: TopicPartition) -> None:
        """Note that a partition was read."""
        self._troubles.pop(partition, None)

    def keep(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget all but these: the others are not ours any more."""
        kept = set(partitions)
        self._troubles = {each: it for each, it in self._troubles.items() if each in kept}
