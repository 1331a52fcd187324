"""All partitions of this worker."""

from collections.abc import Iterator, Mapping
from itertools import count

from app.engine.inflight.item import Item
from app.engine.inflight.parked import Parked
from app.engine.inflight.partition import Assigned, Done, Start
from app.values.record import TopicPartition

Leftover = Item | Parked | Done
Leftovers = dict[TopicPartition, dict[int, Leftover]]


class Assignment:
    """All partitions of this worker.

    What it has settled it knows even if Kafka does not: if partitions come back to this worker
    whose last commit was not acknowledged, none of that is done again.

    Args:
        delays: The retry topics, each with the seconds its records wait.
    """

    def __init__(self, delays: Mapping[str, float] | None = None) -> None:
        self._delays = delays or {}
        self._assigned: dict[TopicPartition, Assigned] = {}
        self._epochs = count(1)
        self._done: dict[TopicPartition, tuple[str | None, dict[int, Done]]] = {}

    def __iter__(self) -> Iterator[Assigned]:
        return iter(self._assigned.values())

    def __getitem__(self, partition: TopicPartition) -> Assigned:
        return self._assigned[partition]

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._assigned

    def of(self, item: Item) -> Assigned | None:
        """Return the partition that an item is held of; None if it was taken away since."""
        assigned = self._assigned.get(item.record.partition)
        return assigned if assigned is not None and assigned.epoch == item.epoch else None

    def has(self, assigned: Assigned) -> bool:
        """Say whether this very one is held: a partition that came back is another."""
        return self._assigned.get(assigned.partition) is assigned

    def __len__(self) -> int:
        return len(self._assigned)

    def partitions(self) -> list[TopicPartition]:
        """Return their names."""
        return list(self._assigned)

    def give(self, starts: Mapping[TopicPartition, Start], leftovers: Leftovers) -> None:
        """Begin anew with these partitions; every report lists them in their order."""
        self._assigned = {
            partition: Assigned(
                partition,
                start,
                self._delays.get(partition.topic),
                self._known_of(partition, start, leftovers.get(partition, {})),
                next(self._epochs),
            )
            for partition, start in sorted(starts.items())
        }

    def _known_of(
        self, partition: TopicPartition, start: Start, leftovers: Mapping[int, Leftover]
    ) -> dict[int, Leftover]:
        """Return what is known of offsets that come in again; nothing, of another topic's."""
        topic_id, done = self._done.pop(partition, (start.topic_id, {}))
        if topic_id != start.topic_id:
            return {}
        ahead = {offset: each for offset, each in done.items() if offset >= start.offset}
        return {**ahead, **leftovers}

    def restart(self, partition: TopicPartition, start: Start) -> None:
        """Begin anew with a partition whose topic was made anew; what was held of it is gone."""
        delay = self._assigned[partition].delay
        self._assigned[partition] = Assigned(partition, start, delay, epoch=next(self._epochs))

    def freeze(self) -> None:
        """Settle nothing from now on: what comes to an end now would miss the last commit."""
        for assigned in self:
            assigned.epoch = next(self._epochs)

    def take(self) -> list[Assigned]:
        """Take all away and return them; from now on nothing of them is settled."""
        self.freeze()
        taken = list(self)
        self._assigned = {}
        for each in taken:
            self._done[each.partition] = each.topic_id, each.unacknowledged()
        return taken

    def forget(self) -> None:
        """Forget what was done: whoever starts anew means what Kafka says."""
        self._done.clear()

    def items(self) -> Iterator[Item]:
        """Yield every unsettled item, each partition's oldest first."""
        for assigned in self:
            yield from assigned.items.values()
            yield from assigned.strays

    def strays(self) -> set[Item]:
        """Return what is no longer in the log it came from."""
        return {item for assigned in self for item in assigned.strays}

    @property
    def unfetched(self) -> int:
        """How many records there are to fetch now, as last seen."""
        return sum(assigned.unfetched for assigned in self)

    @property
    def waiting(self) -> int:
        """How many records of the retry topics are not due, as last seen."""
        return sum(assigned.waiting for assigned in self)

    @property
    def parked(self) -> int:
        """How many offsets are unsettled although nothing is held of them."""
        return sum(len(assigned.parked) for assigned in self)

    @property
    def in_flight(self) -> int:
        """How many items are unsettled."""
        return sum(len(assigned.items) + len(assigned.strays) for assigned in self)
