"""What holds of the books at any moment while records are taken."""

from collections.abc import Callable, Collection, Iterator

from app.engine.inflight.assignment import Assignment
from app.engine.inflight.item import Item, Job, Stage, State
from app.engine.inflight.window import Window

_CLOSED = (Stage.SETTLED, Stage.PARKED)


def check(
    assignment: Assignment,
    window: Window,
    waiting: Collection[Job],
    is_written: Callable[[Item], bool],
) -> Iterator[str]:
    """Yield what is wrong; nothing, if the service does what it should.

    Args:
        assignment: The partitions a worker has, none of them about to be taken away.
        window: What it counts as in flight.
        waiting: The jobs that wait in its lanes.
        is_written: Says whether an item that leaves is being written.
    """
    items = list(assignment.items())
    unsettled = sum(each.ledger.unsettled + len(each.strays) for each in assignment)
    if unsettled != len(items) + assignment.parked:
        yield "the ledgers and the items differ"
    if (window.count, window.size) != (len(items), sum(item.size for item in items)):
        yield "what is in flight is not what the window counts"
    followers = {follower for item in items for follower in item.followers}
    for item in items:
        if item.stage in _CLOSED:
            yield f"{item.record.coordinates} is in the books, and {item.stage.name}"
        if assignment.of(item) is None:
            yield f"{item.record.coordinates} is in the books of another assignment"
        if item.leaving:
            if not is_written(item):
                yield f"{item.record.coordinates} leaves, and nobody writes it"
        elif item not in followers:
            yield from _forgotten(item, waiting)


def _forgotten(item: Item, waiting: Collection[Job]) -> Iterator[str]:
    """Yield that nobody will do anything about an item, if that is so."""
    if not item.under_way:
        yield f"nobody does anything about {item.record.coordinates}"
    if any(job.state is State.WAITING and job not in waiting for job in item.jobs):
        yield f"{item.record.coordinates} waits nowhere"
