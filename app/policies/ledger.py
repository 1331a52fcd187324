"""The books of one partition: what was received and is not settled yet.

A commit may name the lowest unsettled offset, never a higher one. Where nothing is unsettled it
names the consumer's position, which is past the gaps that transaction markers and compaction leave.
"""

from collections import deque


class Ledger:
    """Received-but-unsettled offsets of one partition, in the order they came.

    Args:
        start: The offset where this worker began to read; nothing below it is its business.
    """

    def __init__(self, start: int) -> None:
        self._received: deque[int] = deque()
        self._settled: set[int] = set()
        self._committed = start

    @property
    def unsettled(self) -> int:
        """How many received offsets are not settled."""
        return len(self._received) - len(self._settled)

    @property
    def committed(self) -> int:
        """The last offset whose commit was acknowledged, or the start."""
        return self._committed

    def received(self, offset: int) -> None:
        """Enter an offset; they come in rising order."""
        if self._received and offset <= self._received[-1]:
            raise ValueError(f"offset {offset} after {self._received[-1]}")
        self._received.append(offset)

    def settle(self, offset: int) -> None:
        """Note that an entered offset is done for good."""
        received, settled = self._received, self._settled
        if offset in settled:
            raise ValueError(f"offset {offset} is settled twice")
        settled.add(offset)
        while received and received[0] in settled:
            settled.remove(received.popleft())

    def lowest_unsettled(self, position: int) -> int:
        """Return the offset below which everything is settled; ``position`` is the next to come."""
        return self._received[0] if self._received else position

    def to_commit(self, position: int) -> int | None:
        """Return the offset to commit now, or None when it is committed already.

        Args:
            position: The next offset to be fetched.
        """
        offset = self.lowest_unsettled(position)
        return offset if offset > self._committed else None

    def acknowledged(self, offset: int) -> None:
        """Note that Kafka has acknowledged a commit."""
        self._committed = max(self._committed, offset)
