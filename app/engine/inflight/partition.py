"""A partition for as long as it is this worker's, and what it holds of it."""

from math import inf
from typing import NamedTuple

import msgspec

from app.engine.inflight.item import Item
from app.engine.inflight.parked import MOST_PARKED, Parked
from app.policies.books.commit_metadata import Settled
from app.policies.books.ledger import Commit, Ledger
from app.policies.limits.due_times import Sightings
from app.values.record import TopicPartition
from app.values.snapshot import PartitionSnapshot


class Start(msgspec.Struct, frozen=True):
    """Where to begin with a partition.

    Attributes:
        offset: The first one that is this worker's business.
        settled: What is settled above it, by the commit's metadata.
        topic_id: Of the topic that the offset is of; None if the brokers know no ids.
        owed: Kafka has another commit than this, or none.
    """

    offset: int
    settled: Settled | None = None
    topic_id: str | None = None
    owed: bool = False


class Head(NamedTuple):
    """The record at a position, which is not due.

    Attributes:
        timestamp: When it was appended, in seconds since the epoch.
        paused: The ids of the destinations for whose pause alone it waits.
    """

    offset: int
    timestamp: float
    paused: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True):
    """A record that was settled here, which Kafka may not know.

    Attributes:
        digest: SHA-256 of its value: another record may stand there once a topic was made anew.
    """

    digest: bytes


class Assigned:
    """One partition for as long as it is this worker's.

    Args:
        delay: Seconds that its records wait, in a retry topic; None in a consumed topic.
        epoch: Rises with every assignment: what was received in an earlier one is none of its.

    Attributes:
        topic_id: Of the topic that its offsets are of; None while it is not known.
        items: Received and unsettled, by offset.
        strays: Received and unsettled, and no longer in the log, which lost its end: they are
            delivered like the others, and hold no commit back.
        parked: Unsettled too, but not received: there is no place for them, by offset.
        leftovers: Items of an earlier assignment that destinations had been asked about; when
            their offsets come in again they are joined, not sent again. And what was parked, and
            what was settled without an acknowledged commit.
        position: The next offset to be fetched, as last seen.
        reading: Records were fetched and are not received yet: the consumer's position, which is
            past them, says nothing about what is settled.
        end: The offset the next record will get, as last seen; None until known.
        readable_end: The offset from which on open transactions hide records, as last seen; None
            while that is not known.
        head: The record at the position, which was not due when it was last fetched; None where
            the last poll found nothing of the kind.
        held: Nothing is fetched of it until that is due.
        unreadable: Kafka lets nobody read it now; it is asked again by itself.
        sightings: Where its log ended, in a retry topic.
        said_unseen: The log has been told that nobody knows where it ends.
        stood_to: The end of its log once this worker had heard that a destination was resumed.
    """

    def __init__(
        self,
        partition: TopicPartition,
        start: Start,
        delay: float | None = None,
        leftovers: dict[int, Item | Parked | Done] | None = None,
        epoch: int = 0,
    ) -> None:
        self.partition = partition
        self.delay = delay
        self.epoch = epoch
        self.topic_id = start.topic_id
        self.ledger = Ledger(start.offset, start.settled, owed=start.owed)
        self.items: dict[int, Item] = {}
        self.strays: set[Item] = set()
        self.parked: dict[int, Parked] = {}
        self.leftovers = leftovers or {}
        self.position = start.offset
        self.reading = False
        self.end: int | None = None
        self.readable_end: int | None = None
        self.head: Head | None = None
        self.held = False
        self.unreadable = False
        self.sightings = Sightings(delay or 0.0)
        self.said_unseen = False
        self.stood_to = 0
        self._stood_on = -inf
        self._end_asked = -inf
        self._settled: dict[int, bytes] = {}
        self._committing: dict[int, bytes] = {}

    def enter(self, item: Item) -> None:
        """Take an item into the books."""
        offset = item.record.offset
        self.ledger.received(offset)
        self.items[offset] = item
        self.position = offset + 1

    def settle(self, item: Item) -> None:
        """Note that an item is done for good."""
        if item in self.strays:
            self.strays.remove(item)
            return
        offset = item.record.offset
        self.ledger.settle(offset)
        del self.items[offset]
        self._settled[offset] = item.digest

    def go_on_at(self, offset: int) -> None:
        """Note where reading goes on."""
        self.position = offset

    def pass_over(self, offset: int, done: Done) -> None:
        """Note that a record came in again that was settled here."""
        self.ledger.received(offset)
        self.ledger.settle(offset)
        self.position = offset + 1
        self._settled[offset] = done.digest

    def caught_up(self) -> bool:
        """Say whether everything that was fetched is settled."""
        return not self.ledger.unsettled and not self.reading

    def due(self) -> Commit | None:
        """Return what is to be committed now, or None."""
        due = self.ledger.to_commit(self.position)
        if due is not None:
            self._committing |= self._settled
            self._settled = {}
        return due

    def acknowledged(self, commit: Commit) -> None:
        """Note that Kafka has acknowledged the last commit that was due."""
        self.ledger.acknowledged(commit)
        self._committing = {}

    def unacknowledged(self) -> dict[int, Done]:
        """Return what is settled and may not be committed, by offset."""
        settled = self._committing | self._settled
        return {offset: Done(digest) for offset, digest in settled.items()}

    def park(self, parked: Parked) -> None:
        """Leave an offset unsettled, received before or not, and keep nothing else of it."""
        if self.items.pop(parked.offset, None) is None:
            self.ledger.received(parked.offset)
            self.position = parked.offset + 1
        self.parked[parked.offset] = parked

    def take_back(self, item: Item) -> None:
        """Take an item into the books whose offset was parked."""
        del self.parked[item.record.offset]
        self.items[item.record.offset] = item

    @property
    def resting(self) -> bool:
        """Whether nothing more is to be received before something is settled."""
        return self.ledger.crowded or len(self.parked) > MOST_PARKED

    def saw_end(self, end: int, asked: float, told: float) -> None:
        """Take note of where the log ended at some time between two (monotonic seconds)."""
        self.end, self._end_asked = end, asked
        if self.delay:
            self.sightings.saw(end, asked, told)

    def resumed(self, on: float) -> None:
        """Take note, once the log's end is known, of what stood there when something was resumed.

        Args:
            on: When this worker heard of it (monotonic seconds).
        """
        if self.end is not None and self._stood_on < on <= self._end_asked:
            self.stood_to, self._stood_on = self.end, on

    def lacks(self, end: int) -> bool:
        """Say whether a log that ended there when it was last asked had been longer before.

        Where it is being read the position says nothing: it may have passed that end since.
        """
        return self.ledger.mark > end or (self.held and self.position > end)

    def cut(self, end: int) -> None:
        """Go on at ``end``: the log has lost what it held from there on."""
        self.ledger.cut(end)
        self.strays |= {item for offset, item in self.items.items() if offset >= end}
        self.items = {offset: item for offset, item in self.items.items() if offset < end}
        self.parked = {at: parked for at, parked in self.parked.items() if at < end}
        self.leftovers = {at: item for at, item in self.leftovers.items() if at < end}
        self._settled = {at: digest for at, digest in self._settled.items() if at < end}
        self._committing = {at: digest for at, digest in self._committing.items() if at < end}
        self.position = self.end = end
        self.sightings = Sightings(self.delay or 0.0)
        self.stood_to = min(self.stood_to, end)

    @property
    def unfetched(self) -> int:
        """How many records are still to be fetched, as last seen; those not due are none."""
        return 0 if self.head is not None else self._beyond

    @property
    def fetchable(self) -> int:
        """How many of those can be fetched now: not those that open transactions hide."""
        return 0 if self.unreadable else max(self.unfetched - self.hidden, 0)

    @property
    def hidden(self) -> int:
        """How many records are behind the beginning of an open transaction, as last seen.

        Where they begin is learned by fetching: of a partition that is left out nothing is known.
        """
        if self.end is None or self.readable_end is None or self.held or self.resting:
            return 0
        return max(self.end - max(self.readable_end, self.position), 0)

    @property
    def waiting(self) -> int:
        """How many records there are that are not due, as last seen."""
        return 0 if self.head is None else self._beyond

    @property
    def _beyond(self) -> int:
        return max((self.end or 0) - self.position, 0)

    @property
    def lowest_unsettled(self) -> int:
        """The offset below which everything is settled."""
        return self.ledger.lowest_unsettled(self.position)

    def snapshot(self) -> PartitionSnapshot:
        """Return its state as a value; what is not due counts as no lag.

        The end is older than the position: a log that has been read further is as long as that.
        """
        committed = self.ledger.committed
        end = None if self.end is None else max(self.end, self.position, committed)
        counted = end if self.head is None else self.position
        return PartitionSnapshot(
            topic=self.partition.topic,
            partition=self.partition.partition,
            position=self.position,
            committed=committed,
            end=end,
            lag=None if end is None or counted is None else max(counted - committed, 0),
            unsettled=self.ledger.unsettled + len(self.strays),
        )
