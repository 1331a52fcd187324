"""Workers in a world of faults: nothing is lost, nothing sleeps for ever, the books are right."""

import logging

import pytest

from tests.support.simulation.scenario import simulate

SEEDS = (0, 1, 2, 5, 12, 17, 19, 24, 48)
"""Of the first hundred those that together notice the most mutants of the engine."""


@pytest.mark.no_cover  # much the same lines each time, again and again
@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_whatever_happens(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Faults come at random, the same ones each time; what fails tells its story."""
    caplog.set_level(logging.CRITICAL, logger="app")
    simulate(seed)
