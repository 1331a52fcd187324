"""Open transactions: said once one has been open for a while, and until it is not."""

from app.engine.cluster.open_transactions import OpenTransactions
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Assigned, Start
from tests.support.engine import PARTITION, SkewedClock


class Bench:
    """One partition, and what is said about it."""

    def __init__(self) -> None:
        self.clock = SkewedClock()
        self.conditions = Conditions(self.clock.now)
        self.assignment = Assignment()
        self.assignment.give({PARTITION: Start(0)}, {})
        self._transactions = OpenTransactions(self.assignment, self.conditions, self.clock)

    @property
    def assigned(self) -> Assigned:
        """The partition."""
        return self.assignment[PARTITION]

    def said(self, *, end: int, readable: int | None, after: float) -> list[str]:
        """Return what is said after some seconds of which the last sample is this."""
        self.assigned.end, self.assigned.readable_end = end, readable
        self._transactions.look()
        self.clock.ahead += after
        self._transactions.look()
        return [each.text for each in self.conditions]


def test_a_transaction_that_stays_open_is_said_with_what_waits_behind_it() -> None:
    """Partition, offset, how many, and what to do."""
    bench = Bench()
    (text,) = bench.said(end=31, readable=10, after=16.0)
    assert "notifications/0: 21 records from offset 10 on wait behind a transaction" in text
    assert "abort --topic notifications --partition 0 --start-offset 10" in text
    assert bench.said(end=40, readable=40, after=0.0) == []


def test_transactions_that_end_are_no_trouble() -> None:
    """A producer that writes one after the other moves on each time."""
    bench = Bench()
    for offset in range(0, 100, 10):
        assert bench.said(end=offset + 10, readable=offset, after=10.0) == []


def test_partitions_without_one_are_not_spoken_of() -> None:
    """Old brokers tell nothing about transactions."""
    assert Bench().said(end=31, readable=None, after=60.0) == []
