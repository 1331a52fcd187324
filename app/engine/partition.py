"""The partitions this worker has now, and what it holds of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.policies.ledger import Ledger
from app.values.record import TopicPartition
from app.values.snapshot import PartitionSnapshot

if TYPE_CHECKING:
    from app.engine.item import Item


class Assigned:
    """One partition for as long as it is this worker's.

    Attributes:
        items: Received and unsettled, by offset.
        leftovers: Items of an earlier assignment that destinations had been asked about; when
            their offsets come in again they are joined, not sent again.
        position: The next offset to be fetched, as last seen.
        end: The offset the next record will get, as last seen; None until known.
        active: False once it was taken away; nothing is settled then.
    """

    def __init__(
        self, partition: TopicPartition, start: int, leftovers: "dict[int, Item] | None" = None
    ) -> None:
        self.partition = partition
        self.ledger = Ledger(start)
        self.items: dict[int, Item] = {}
        self.leftovers = leftovers or {}
        self.position = start
        self.end: int | None = None
        self.active = True

    def enter(self, item: "Item") -> None:
        """Take an item into the books."""
        offset = item.record.offset
        self.ledger.received(offset)
        self.items[offset] = item
        self.position = max(self.position, offset + 1)

    def settle(self, item: "Item") -> None:
        """Note that an item is done for good."""
        self.ledger.settle(item.record.offset)
        del self.items[item.record.offset]

    @property
    def lowest_unsettled(self) -> int:
        """The offset below which everything is settled."""
        return self.ledger.lowest_unsettled(self.position)

    def snapshot(self) -> PartitionSnapshot:
        """Return its state as a value."""
        committed = self.ledger.committed
        return PartitionSnapshot(
            topic=self.partition.topic,
            partition=self.partition.partition,
            position=self.position,
            committed=committed,
            end=self.end,
            lag=None if self.end is None else max(self.end - committed, 0),
            unsettled=self.ledger.unsettled,
        )


class Assignment:
    """All partitions of this worker."""

    def __init__(self) -> None:
        self._assigned: dict[TopicPartition, Assigned] = {}

    def __iter__(self) -> Iterator[Assigned]:
        return iter(self._assigned.values())

    def __getitem__(self, partition: TopicPartition) -> Assigned:
        return self._assigned[partition]

    def __len__(self) -> int:
        return len(self._assigned)

    def partitions(self) -> list[TopicPartition]:
        """Return their names."""
        return list(self._assigned)

    def give(self, starts: "dict[TopicPartition, int]", leftovers: "Leftovers") -> None:
        """Begin anew with these partitions and the offsets they start at."""
        self._assigned = {
            partition: Assigned(partition, start, leftovers.get(partition))
            for partition, start in starts.items()
        }

    def restart(self, partition: TopicPartition, start: int) -> Assigned:
        """Begin anew with a partition whose topic was made anew; return what was held of it."""
        old = self._assigned[partition]
        old.active = False
        self._assigned[partition] = Assigned(partition, start)
        return old

    def take(self) -> list[Assigned]:
        """Take all away and return them; from now on nothing of them is settled."""
        taken = list(self._assigned.values())
        for assigned in taken:
            assigned.active = False
        self._assigned = {}
        return taken

    def items(self) -> "Iterator[Item]":
        """Yield every unsettled item."""
        for assigned in self:
            yield from assigned.items.values()

    @property
    def unfetched(self) -> int:
        """How many offsets lie between the positions and the ends of the logs, as last seen."""
        return sum(max((assigned.end or 0) - assigned.position, 0) for assigned in self)

    @property
    def in_flight(self) -> int:
        """How many items are unsettled."""
        return sum(len(assigned.items) for assigned in self)


Leftovers = dict[TopicPartition, "dict[int, Item]"]
