"""The pulse: silence counts only while something could be done."""

from types import SimpleNamespace

import pytest

from app.engine.control.watchdog import Pulse
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.partition import Start
from tests.support.engine import PARTITION, SkewedClock, observer


class StillClock(SkewedClock):
    """A clock that stands where the test puts it."""

    def __init__(self) -> None:
        self.at = 0.0
        self.attempted_at = 0.0

    def monotonic(self) -> float:
        """Return what the test says."""
        return self.at


@pytest.mark.parametrize(
    ("is_open", "crowded", "readable", "silent_for"),
    [
        (True, False, None, 50.0),
        (True, True, None, 0.0),
        (False, False, None, 0.0),
        (True, False, 0, 0.0),
    ],
)
def test_records_that_nobody_may_take_are_no_standstill(
    is_open: bool, crowded: bool, readable: int | None, silent_for: float
) -> None:
    """No room, a commit that can say no more, a transaction in front: that is patience."""
    clock = StillClock()
    assignment = Assignment()
    assignment.give({PARTITION: Start(0)}, {})
    assignment[PARTITION].end = 10
    assignment[PARTITION].readable_end = readable
    assignment[PARTITION].ledger.crowded = crowded
    pulse = Pulse(
        clock,
        observer(clock),
        assignment,
        SimpleNamespace(could_work=False),  # type: ignore[arg-type]  # as much of it as is used
        SimpleNamespace(open=is_open, admitted_at=0.0),  # type: ignore[arg-type]
    )
    clock.at = 50.0
    pulse.beat()
    assert pulse.fetch_silent_for() == silent_for
