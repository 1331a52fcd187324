"""The harness' arithmetic: percentiles, medians with their spread, ratios round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed (nearest rank).

    Raises:
        ValueError: There are no values, or ``share`` is not above 0 and at most 1.
    """
    if not values:
        raise ValueError("no values")
    if not 0 < share <= 1:
        raise ValueError(f"not a share: {share}")
    return sorted(values)[ceil(share * len(values)) - 1]


@dataclass(frozen=True)
class Rounds:
    """One figure, measured in several rounds.

    Attributes:
        values: By number of the round; rounds that did not come about are left out.
    """

    values: Mapping[int, float]

    @property
    def median(self) -> float:
        """The middle value.

        Raises:
            ValueError: There is no value.
        """
        if not self.values:
            raise ValueError("no values")
        return median(self.values.values())

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return min(self.values.values()), max(self.values.values())

    def ratio(self, base: "Rounds") -> float | None:
        """The median of the ratios to ``base`` in the same rounds, None where they share none.

        A machine that was slower for a while was so for both: it cancels out within a round, and
        would not between medians.
        """
        ratios = [
            value / base.values[number]
            for number, value in self.values.items()
            if base.values.get(number)
        ]
        return median(ratios) if ratios else None
