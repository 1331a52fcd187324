"""Room in the embedded broker before it drops a record that is not settled.

librdkafka's in-process broker drops the oldest record batches of a partition, in silence, while
they are more than 5 MiB together. (Its other limit, 100,000 batches, is out of reach: the smallest
batch has 68 bytes.) So nothing more is published before unsettled records would be among them.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.values.errors import KafkaUnavailableError
from app.values.record import Headers, TopicPartition

CAPACITY = 5 * 1024 * 1024 - 64 * 1024
"""The broker's limit, less a batch: one with a single unsettled record stays there as a whole."""

RECORD_OVERHEAD = 84
"""Bytes of a record that is a batch of its own: batch header (61), lengths, deltas, attributes."""
HEADER_OVERHEAD = 10
"""Bytes of the two lengths of a record header."""

CHUNK_SIZE = 64 * 1024

FULL = (
    "the embedded broker is full: it is for development and holds 5 MiB of a partition that are "
    "not settled yet; try again later, or name a Kafka broker in NOTIFIER_KAFKA__BOOTSTRAP_SERVERS"
)


def record_size(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """Return at least as many bytes as the uncompressed record takes in the broker's log."""
    size = RECORD_OVERHEAD + len(key or b"") + len(value or b"")
    return size + sum(
        HEADER_OVERHEAD + len(name.encode()) + len(data or b"") for name, data in headers
    )


@dataclass(slots=True)
class _Chunk:
    """Neighbouring records, given back together: a bounded number of entries for any load."""

    last_offset: int
    size: int


@dataclass(slots=True)
class _Partition:
    lowest_unsettled: int = 0
    size: int = 0
    chunks: deque[_Chunk] = field(default_factory=deque)


class EmbeddedCapacity:
    """Keeps account of records that were published to the embedded broker and are not settled yet.

    A record is reserved before it is sent, then either published or released. Until its
    acknowledgement names its partition, it counts in every partition of its topic. Sizes are those
    of ``record_size``. Records of other producers are not seen.
    """

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._reserved: Counter[str] = Counter()

    def reserve(self, topic: str, sizes: Sequence[int]) -> None:
        """Claim room for records that are about to be sent: for all of them, or for none.

        Raises:
            KafkaUnavailableError: They might push out records that are not settled yet.
        """
        claimed = self._reserved[topic] + sum(sizes)
        held = (entry.size for name, entry in self._partitions.items() if name.topic == topic)
        if claimed + max(held, default=0) > CAPACITY:
            raise KafkaUnavailableError(FULL)
        self._reserved[topic] = claimed

    def release(self, topic: str, sizes: Iterable[int]) -> None:
        """Give back the room of reserved records that were not written."""
        self._reserved[topic] -= sum(sizes)

    def published(self, partition: TopicPartition, offset: int, size: int) -> None:
        """Book a reserved record to the place that its acknowledgement named."""
        self.release(partition.topic, [size])
        entry = self._partitions.setdefault(partition, _Partition())
        if offset < entry.lowest_unsettled:
            return
        if not entry.chunks or entry.chunks[-1].size >= CHUNK_SIZE:
            entry.chunks.append(_Chunk(offset, 0))
        chunk = entry.chunks[-1]
        chunk.last_offset = max(chunk.last_offset, offset)
        chunk.size += size
        entry.size += size

    def settled(self, partition: TopicPartition, lowest_unsettled: int) -> None:
        """Give back the room of everything below ``lowest_unsettled``, a partition's offset."""
        entry = self._partitions.setdefault(partition, _Partition())
        entry.lowest_unsettled = lowest_unsettled
        while entry.chunks and entry.chunks[0].last_offset < lowest_unsettled:
            entry.size -= entry.chunks.popleft().size
