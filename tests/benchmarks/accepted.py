"""What the sink accepted, and what of it counts: missing ones, repeats, latencies."""

from array import array
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass

COLUMNS = 4  # number, sent at, accepted at (microseconds since the epoch), destination
SHOWN = 5


class Accepted:
    """Every acceptance of one run, in the order of acceptance.

    Args:
        cells: Signed 64-bit integers, row by row: the notification's number, when it was sent and
            when it was accepted in microseconds since the epoch, and its destination's number.
    """

    def __init__(self, cells: "array[int]") -> None:
        self._cells = cells

    @property
    def numbers(self) -> "array[int]":
        """The notifications' numbers; one that was accepted twice is there twice."""
        return self._cells[0::COLUMNS]

    @property
    def times(self) -> "array[int]":
        """When each was accepted, in microseconds since the epoch."""
        return self._cells[2::COLUMNS]

    @property
    def destinations(self) -> "array[int]":
        """The number of the destination of each."""
        return self._cells[3::COLUMNS]

    def latencies(self, destinations: Container[int], *, since: int = 0) -> list[float]:
        """Seconds from sent to accepted, of what was sent at ``since`` (microseconds) or later.

        A notification that was accepted twice counts the first time only.
        """
        seen: set[int] = set()
        found = []
        for row in range(0, len(self._cells), COLUMNS):
            number, sent, accepted, destination = self._cells[row : row + COLUMNS]
            if sent >= since and destination in destinations and number not in seen:
                seen.add(number)
                found.append((accepted - sent) / 1e6)
        return found


@dataclass(frozen=True)
class Count:
    """What became of the notifications of one run.

    Attributes:
        due: How many had to be accepted.
        missing: The numbers of those that were not.
        repeats: Acceptances beyond the first of each.
        strangers: Acceptances of numbers that were never sent.
    """

    due: int
    missing: tuple[int, ...]
    repeats: int
    strangers: int

    @property
    def fault(self) -> str | None:
        """What is wrong, in words; None when the count is right. Repeats are allowed."""
        faults = []
        if self.missing:
            shown = ", ".join(map(str, self.missing[:SHOWN]))
            more = ", …" if len(self.missing) > SHOWN else ""
            faults.append(f"{len(self.missing)} of {self.due} are missing ({shown}{more})")
        if self.strangers:
            faults.append(f"{self.strangers} were accepted that nobody sent")
        return "; ".join(faults) or None


def count(accepted: Accepted, *, sent: int, due: Collection[int]) -> Count:
    """Compare what was accepted with what had to be.

    Args:
        accepted: The sink's log.
        sent: How many were published; their numbers are 0 to ``sent`` - 1.
        due: The numbers that had to be accepted.
    """
    numbers = accepted.numbers
    distinct = set(numbers)
    strangers = sum(1 for number in numbers if not 0 <= number < sent)
    return Count(
        due=len(due),
        missing=tuple(sorted(number for number in due if number not in distinct)),
        repeats=len(numbers) - len(distinct),
        strangers=strangers,
    )


def settled(committed: Mapping[int, int], *, sent: int, partitions: int) -> list[int]:
    """The numbers below what a group has committed.

    Args:
        committed: Offsets by partition; a partition without a commit is left out.
        sent: How many were published.
        partitions: Number ``n`` went to partition ``n % partitions``, in order.
    """
    return [
        number
        for number in range(sent)
        if number // partitions < committed.get(number % partitions, 0)
    ]
