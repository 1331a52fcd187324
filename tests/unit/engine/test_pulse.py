"""The pulse: silence counts only while something could be done."""

from types import SimpleNamespace

import pytest

from app.engine.partition import Assignment, Start
from app.engine.pulse import Pulse
from tests.support.engine import PARTITION, SkewedJournal


class StillJournal(SkewedJournal):
    """A journal whose monotonic clock stands where the test puts it."""

    def __init__(self) -> None:
        self.at = 0.0
        self.attempted_at = 0.0

    def monotonic(self) -> float:
        """Return what the test says."""
        return self.at


@pytest.mark.parametrize(
    ("is_open", "crowded", "silent_for"),
    [(True, False, 50.0), (True, True, 0.0), (False, False, 0.0)],
)
def test_records_that_nobody_may_take_are_no_standstill(
    is_open: bool, crowded: bool, silent_for: float
) -> None:
    """No room, or a partition whose commit can say no more: that is patience."""
    clock = StillJournal()
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assignment[PARTITION].end = 10
    assignment[PARTITION].ledger.crowded = crowded
    pulse = Pulse(
        clock,
        assignment,
        SimpleNamespace(could_work=False),  # type: ignore[arg-type]  # as much of it as is used
        SimpleNamespace(open=is_open, admitted_at=0.0),  # type: ignore[arg-type]
    )
    clock.at = 50.0
    pulse.beat()
    assert pulse.fetch_silent_for() == silent_for
