"""Workers in a world of faults: nothing is lost, nothing sleeps for ever, the books are right."""

import logging

import pytest

from tests.support.simulation.scenario import simulate

SEEDS = (0, 1, 2, 5, 12, 17, 19, 48)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_whatever_happens(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Any seed will do; these notice the most mutants."""
    caplog.set_level(logging.CRITICAL, logger="app")
    simulate(seed)
