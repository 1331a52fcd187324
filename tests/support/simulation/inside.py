"""What a worker holds but does not show: nothing else here looks into one."""

from collections.abc import Iterator, Mapping

from app.engine.group.session import Session
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item
from app.engine.inflight.parked import Parked
from app.engine.inflight.partition import Assigned
from app.engine.worker import NotificationWorker
from app.values.record import TopicPartition


def let_others_pass(item: Item) -> bool:
    """Say whether it was put aside or given up, be it that nothing of that was written yet."""
    return item.deferred or bool(item.failures)


class WatchedAssignment(Assignment):
    """Remembers what was under way of partitions when they were taken away."""

    def __init__(self, delays: Mapping[str, float] | None = None) -> None:
        super().__init__(delays)
        self.under_way: dict[TopicPartition, list[Item]] = {}
        self.put_aside: list[Item] = []
        self.left_alone: dict[TopicPartition, list[int]] = {}

    def take(self) -> list[Assigned]:
        """Take all away and return them."""
        taken = super().take()
        for assigned in taken:
            items = assigned.items.values()
            started = [item for item in items if item.started]
            self.under_way[assigned.partition] = [
                *(left for left in assigned.leftovers.values() if isinstance(left, Item)),
                *started,
            ]
            self.put_aside += [item for item in items if let_others_pass(item)]
            self.left_alone[assigned.partition] = [
                *(at for at, left in assigned.leftovers.items() if isinstance(left, Parked)),
                *assigned.parked,
            ]
        return taken


class Inside:
    """A view into a worker."""

    def __init__(self, worker: NotificationWorker) -> None:
        self._worker = worker

    @property
    def _assignment(self) -> WatchedAssignment:
        assignment = self._worker.parts.assignment
        assert isinstance(assignment, WatchedAssignment)
        return assignment

    @property
    def _session(self) -> Session | None:
        return self._worker.parts.current.session

    @property
    def staying(self) -> bool:
        """Whether it goes on with what it is given."""
        return self._session is not None and not self._session.rebalances.leaving

    def items(self) -> list[Item]:
        """Return what it has received and not settled."""
        return list(self._assignment.items())

    def partitions(self) -> list[TopicPartition]:
        """Return the partitions it has."""
        return self._assignment.partitions()

    def known_end(self, partition: TopicPartition, topic_id: str) -> int | None:
        """Return how far it knows a log to have been; None if it has not that topic's partition."""
        if partition not in self._assignment:
            return None
        assigned = self._assignment[partition]
        if assigned.topic_id not in (None, topic_id):
            return None
        return max(assigned.position, assigned.ledger.mark)

    def marks(self) -> Iterator[tuple[TopicPartition, int]]:
        """Yield up to where it takes for settled what others settled, while it consumes."""
        if self._session is not None and self._session.joined:
            for assigned in self._assignment:
                yield assigned.partition, assigned.ledger.mark

    def let_go(self) -> tuple[dict[TopicPartition, list[Item]], list[Item]]:
        """Return, once, what was under way and what was put aside when partitions were taken."""
        assignment = self._assignment
        told = assignment.under_way, assignment.put_aside
        assignment.under_way, assignment.put_aside = {}, []
        return told

    def left_alone(self) -> dict[TopicPartition, list[int]]:
        """Return, once, the offsets that were unsettled without their records when they went."""
        assignment = self._assignment
        told, assignment.left_alone = assignment.left_alone, {}
        return told

    def fail(self) -> None:
        """Let the session end as if one of its tasks had a bug."""
        if self._session is not None:
            self._session.fail(RuntimeError("bug"))

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with its books and lanes while it consumes."""
        yield from self._worker.check()

    def rest(self) -> Iterator[str]:
        """Yield what it holds on to although nothing is in flight."""
        parts = self._worker.parts
        if parts.leaders:
            yield "leaders of repeats"
        if parts.window.size:
            yield "bytes in flight"
        if parts.settler.leaving or parts.settler.blocked:
            yield "records that are being written"
        if parts.dispatcher.queued:
            yield "deliveries that wait"

    @property
    def tasks(self) -> int:
        """How many of its tasks have not ended."""
        return len(self._worker.parts.tasks)
