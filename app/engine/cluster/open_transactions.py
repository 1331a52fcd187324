"""Transactions that a producer left open, and the partitions that wait for them."""

from typing import Final

from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned
from app.values.clock import Clock
from app.values.record import TopicPartition

KIND: Final = "open_transaction"
PATIENCE: Final = 15.0
"""Seconds that a transaction may be open before a warning: most take far less."""


class OpenTransactions:
    """Warns of partitions that wait for a transaction to end.

    Consumers that read committed records alone are shown nothing from the beginning of the oldest
    open transaction on, not even what was written without one.
    """

    def __init__(self, assignment: Assignment, conditions: Conditions, clock: Clock) -> None:
        self._assignment = assignment
        self._conditions = conditions
        self._clock = clock
        self._open: dict[tuple[TopicPartition, int], float] = {}

    def look(self) -> None:
        """Compare what can be read with what there is, as last sampled."""
        now = self._clock.monotonic()
        held = {
            (each.partition, each.readable_end): each
            for each in self._assignment
            if each.hidden and each.readable_end is not None
        }
        self._open = {which: self._open.get(which, now) for which in held}
        self._conditions.replace(
            KIND,
            {
                f"{each.partition.topic}/{each.partition.partition}": _text(each, offset, age)
                for (which, offset), each in held.items()
                if (age := now - self._open[which, offset]) >= PATIENCE
            },
        )


def _text(held: Assigned, offset: int, age: float) -> str:
    topic, number = held.partition
    return (
        f"{topic}/{number}: {held.hidden:,} records from offset {offset} on wait behind a"
        f" transaction that its producer has left open for more than {age:.0f} s; they are read"
        " once it is committed or aborted. notifier doctor names the producer; if it is gone for"
        " good: kafka-transactions.sh --bootstrap-server … abort"
        f" --topic {topic} --partition {number} --start-offset {offset}"
    )
