"""Merging: as much as is needed, in order, and never more than fits."""

from collections.abc import Sequence

import pytest

from app.engine.inflight.item import Job, State
from app.engine.lanes.batching import put_back_followers, take_batch
from app.engine.lanes.queue import JobQueue
from app.values.delivery import Delivery
from tests.support.engine import ScriptedChannel
from tests.unit.engine.lanes.test_queue import Jobs, content


class MergingChannel(ScriptedChannel):
    """Takes so many at once, and nothing that says "alone"."""

    def __init__(self, most: int = 10) -> None:
        super().__init__()
        self.most_merged = most

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say so."""
        return len(deliveries) < self.most_merged and more.notification.content != "alone"


def queue_of(*names: str, key: str | None = None) -> JobQueue:
    """Return a queue with these jobs."""
    jobs, queue = Jobs(), JobQueue()
    for name in names:
        queue.add(jobs.make(name, key))
    return queue


def taken(queue: JobQueue, requests: int | None, most: int = 10) -> list[str | None]:
    """Return what goes into the next request."""
    batch = take_batch(queue.take(), queue, MergingChannel(most), requests, lambda _: False)
    return [content(job) for job in batch]


@pytest.mark.parametrize(
    ("requests", "most", "together"),
    [
        (None, 10, 1),  # no limit is known: each by itself
        (5, 1, 1),  # the channel merges nothing
        (12, 10, 1),  # there are requests enough
        (6, 10, 2),
        (5, 10, 3),
        (1, 10, 10),
        (0, 4, 4),
    ],
)
def test_takes_its_share_of_what_waits(requests: int | None, most: int, together: int) -> None:
    """Twelve that wait are spread over the requests that are left."""
    queue = queue_of(*"abcdefghijkl")
    assert len(taken(queue, requests, most)) == together
    assert len(queue) == 12 - together


def test_stops_at_what_does_not_fit() -> None:
    """Order is kept: nobody overtakes the one that does not fit."""
    queue = queue_of("a", "b", "alone", "c")
    assert taken(queue, 1) == ["a", "b"]
    assert taken(queue, 1) == ["alone", "c"]


def test_what_was_refused_together_goes_alone() -> None:
    """Neither with others, nor do others join it."""
    jobs, queue = Jobs(), JobQueue()
    made = [jobs.make("a"), jobs.make("b"), jobs.make("c")]
    made[1].alone = True
    for job in made:
        queue.add(job)
    assert taken(queue, 1) == ["a"]
    assert taken(queue, 1) == ["b"]
    assert taken(queue, 1) == ["c"]


def test_the_same_key_goes_together_in_order() -> None:
    """One request keeps the order by itself."""
    queue = queue_of("a1", "a2", "a3", key="a")
    assert taken(queue, 1) == ["a1", "a2", "a3"]


def test_followers_that_are_tried_again_wait_behind_the_first() -> None:
    """Keys keep their order through a failure of the whole request."""
    queue = queue_of("a1", "a2", "a3", key="a")
    batch: list[Job] = take_batch(queue.take(), queue, MergingChannel(), 1, lambda _: False)
    kept = put_back_followers(batch, queue, lambda _: True)
    assert [content(job) for job in kept] == ["a1"]
    assert {job.state for job in batch[1:]} == {State.WAITING}
    queue.release(kept[0])
    assert taken(queue, 1) == ["a2", "a3"]
