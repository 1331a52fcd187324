"""The moves of a record and of its deliveries: all that the table knows, and no other."""

from collections.abc import Callable
from itertools import product

import pytest

from app.engine.inflight import transitions
from app.engine.inflight.item import Item, Job, Stage, State, job_of
from app.engine.inflight.moves import ITEM_MOVES, JOB_MOVES, ItemMove, JobMove
from app.engine.inflight.transitions import IllegalMoveError
from app.values.outcome import Reason
from tests.support import states
from tests.support.engine import PARTITION, assignment, delivery, item, notification

ITEM_FUNCTIONS = {
    "leave": transitions.leave,
    "let go": transitions.let_go,
    "written": transitions.written,
    "settle": transitions.settle,
    "park": transitions.park,
}
JOB_FUNCTIONS: dict[str, Callable[[Job], None]] = {
    "wait": transitions.wait,
    "start": transitions.start,
    "finish": transitions.finish,
    "defer": lambda job: transitions.defer(job, 30.0),
    "drop": transitions.drop,
}


def an_item() -> Item:
    """Return an item with one delivery."""
    made = item(notification(), assignment()[PARTITION])
    transitions.route(made, [job_of(made, delivery(notification()), 0)])
    return made


@pytest.mark.parametrize(("move", "stage"), list(product(ITEM_MOVES, Stage)))
def test_a_record_does_what_the_table_says(move: ItemMove, stage: Stage) -> None:
    """From every stage that it names, and from no other."""
    made = an_item()
    made.stage = stage
    if stage in move.origins:
        ITEM_FUNCTIONS[move.name](made)
        assert made.stage is move.to
        return
    with pytest.raises(IllegalMoveError, match=f"it is {stage.name}"):
        ITEM_FUNCTIONS[move.name](made)
    assert made.stage is stage


@pytest.mark.parametrize(("move", "state"), list(product(JOB_MOVES, State)))
def test_a_delivery_does_what_the_table_says(move: JobMove, state: State) -> None:
    """As a record."""
    (job,) = an_item().jobs
    job.state = state
    if state in move.origins:
        JOB_FUNCTIONS[move.name](job)
        assert job.state is move.to
        return
    with pytest.raises(IllegalMoveError, match=f"it is {state.name}"):
        JOB_FUNCTIONS[move.name](job)
    assert job.state is state


def test_what_is_settled_cannot_be_given_again() -> None:
    """Its offset is done: nobody joins it."""
    made = an_item()
    transitions.settle(made)
    with pytest.raises(IllegalMoveError, match="be given again"):
        transitions.give(made, 7)


def test_what_is_given_again_keeps_what_is_done() -> None:
    """Its epoch is another; repeats that waited for it come in again themselves."""
    made = an_item()
    transitions.accept(made, made.jobs[0].delivery.targets[0])
    transitions.follow(an_item(), made)
    transitions.give(made, 7)
    assert (made.epoch, len(made.delivered), made.followers) == (7, 1, ())


def test_what_is_put_aside_at_once_waits_for_nothing() -> None:
    """Even if it was to wait for long; what is done stays done."""
    made = an_item()
    done = job_of(made, delivery(notification()), 1)
    later = job_of(made, delivery(notification()), 2)
    transitions.route(made, [*made.jobs, done, later])
    transitions.finish(done)
    transitions.defer(later, 600.0)
    transitions.put_aside(made)
    assert [(job.state, job.put_aside_for) for job in made.jobs] == [
        (State.DEFERRED, 0.0),
        (State.DONE, 0.0),
        (State.DEFERRED, 0.0),
    ]


def test_the_first_failure_alone_tells_since_when() -> None:
    """Later ones change nothing about it."""
    made = an_item()
    (target,) = made.jobs[0].delivery.targets
    transitions.fail(made, target, Reason.REJECTED, "no", 5.0)
    transitions.refuse(made, Reason.INVALID, "what is this", 6.0)
    assert made.first_failure == 5.0


def test_the_page_shows_the_table() -> None:
    """If this fails, run ``make papers``."""
    assert states.PAGE.read_text(encoding="utf-8") == states.page()
