"""The books of one partition: the offsets that were received and are not settled yet.

A commit may name the lowest unsettled offset, never a higher one. If nothing is unsettled, it
names the consumer's position, which is past the gaps that transaction markers and compaction leave.
The offsets that are settled above it stand in the commit's metadata.
"""

from collections import deque

import msgspec

from app.policies.books.commit_metadata import LONGEST, Settled, encode


class Commit(msgspec.Struct, frozen=True):
    """The next commit for a partition."""

    offset: int  # the lowest that is not settled
    metadata: str = ""  # the offsets settled above it; may be empty


class Ledger:
    """Received-but-unsettled offsets of one partition, in the order they came.

    Args:
        start: The offset where this worker begins to read; nothing below it is its business.
        settled: The offsets known to be settled above it, from the commit's metadata.
        owed: Whether to commit the start: Kafka has another commit, or none.
    """

    def __init__(self, start: int, settled: Settled | None = None, *, owed: bool = False) -> None:
        self._unsettled: dict[int, None] = {}  # in the order they came
        self._newest = start - 1
        self._highest_settled = start - 1
        self._mark = settled.mark if settled else start
        self._awaited = deque(settled.unsettled if settled else ())
        known = encode(start, settled.mark, settled.unsettled) if settled else ""
        self._acknowledged = Commit(start, known)
        self._owed = owed
        # more is settled out of order than the metadata of a commit can say: until that
        # changes, nothing further should be received
        self.crowded = False

    @property
    def unsettled(self) -> int:
        """How many received offsets are not settled."""
        return len(self._unsettled)

    @property
    def last_commit(self) -> Commit | None:
        """Kafka's commit of this partition; None while it needs another."""
        return None if self._owed else self._acknowledged

    @property
    def mark(self) -> int:
        """How far the log had been read when this worker began, by the commit's metadata."""
        return self._mark

    @property
    def committed(self) -> int:
        """The last offset whose commit was acknowledged, or the start."""
        return self._acknowledged.offset

    def passes_over(self, offset: int) -> bool:
        """Say whether an offset that comes in was settled before this worker began."""
        awaited = self._awaited
        while awaited and awaited[0] < offset:
            awaited.popleft()  # not in the log any more: offsets come in rising order
        return offset < self._mark and not (awaited and awaited[0] == offset)

    def next_wanted(self, position: int) -> int:
        """Return the first offset from ``position`` on that is not known to be settled."""
        if position >= self._mark:
            return position
        return next((offset for offset in self._awaited if offset >= position), self._mark)

    def received(self, offset: int) -> None:
        """Enter an offset; they come in rising order."""
        if offset <= self._newest:
            raise ValueError(f"offset {offset} after {self._newest}")
        self._newest = offset
        self._unsettled[offset] = None
        if self._awaited and self._awaited[0] == offset:
            self._awaited.popleft()

    def settle(self, offset: int) -> None:
        """Note that an entered offset is done for good."""
        if offset not in self._unsettled:
            raise ValueError(f"offset {offset} is settled twice")
        del self._unsettled[offset]
        self._highest_settled = max(self._highest_settled, offset)

    def lowest_unsettled(self, position: int) -> int:
        """Return the offset below which everything is settled; ``position`` is the next to come."""
        for offset in self._unsettled:
            return offset
        return self.next_wanted(position)

    def to_commit(self, position: int) -> Commit | None:
        """Return the next commit, or None if Kafka has it already.

        Args:
            position: The next offset to be fetched.
        """
        offset = self.lowest_unsettled(position)
        mark = max(self._highest_settled + 1, self._mark)
        unsettled = [each for each in self._unsettled if each < mark]
        unsettled += [each for each in self._awaited if each >= position]
        metadata = encode(offset, mark, unsettled)
        self.crowded = len(metadata) >= LONGEST
        due = Commit(offset, metadata)
        return None if due == self._acknowledged and not self._owed else due

    def acknowledged(self, commit: Commit) -> None:
        """Note that Kafka has acknowledged a commit; one that is older than another is no news."""
        if commit.offset >= self._acknowledged.offset:
            self._acknowledged = commit
            self._owed = False

    def unsettled_in(self, start: int, stop: int) -> int:
        """Return how many offsets of a range that was not received are not known to be settled."""
        listed = sum(start <= offset < stop for offset in self._awaited)
        return listed + max(stop - max(start, self._mark), 0)

    def lower_mark(self, end: int) -> None:
        """Take nothing for settled from ``end`` on that was not received: the log has lost that."""
        self._mark = min(self._mark, max(end, self._newest + 1))
        self._awaited = deque(offset for offset in self._awaited if offset < self._mark)
        self._owed = True

    def cut(self, end: int) -> None:
        """Forget everything from ``end`` on: the log has lost it, and its offsets come anew."""
        self._unsettled = {offset: None for offset in self._unsettled if offset < end}
        self._newest = min(self._newest, end - 1)
        self._highest_settled = min(self._highest_settled, end - 1)
        self._mark = min(self._mark, end)
        self._awaited = deque(offset for offset in self._awaited if offset < end)
        self._acknowledged = Commit(min(self._acknowledged.offset, end))
        self._owed = True
