"""The queue of a lane: priority, order, and one after the other with the same key."""

from hypothesis import given
from hypothesis import strategies as st

from app.engine.inflight.item import Job, job_of
from app.engine.inflight.partition import Assigned, Start
from app.engine.lanes.queue import JobQueue
from app.values.notification import Priority
from tests.support.engine import PARTITION, delivery, item, notification


class Jobs:
    """Makes jobs with rising order."""

    def __init__(self) -> None:
        self._assigned = Assigned(PARTITION, Start(0))
        self._count = 0

    def make(
        self, content: str, key: str | None = None, priority: Priority = Priority.NORMAL
    ) -> Job:
        """Return one job."""
        told = notification(content, ordering_key=key, priority=priority)
        made = job_of(item(told, self._assigned, offset=self._count), delivery(told), self._count)
        self._count += 1
        return made


def content(job: Job | None) -> str | None:
    """Return what a job says."""
    return job.delivery.notification.content if job else None


def drain(queue: JobQueue) -> list[str | None]:
    """Take and release everything, in order."""
    taken = []
    while queue.ready:
        job = queue.take()
        taken.append(content(job))
        queue.release(job)
    return taken


def test_urgent_first_then_in_order() -> None:
    """Priority beats order, order decides within a priority."""
    jobs, queue = Jobs(), JobQueue()
    for name, priority in (("a", 1), ("b", 0), ("c", 3), ("d", 1)):
        queue.add(jobs.make(name, priority=Priority(priority)))
    assert content(queue.peek()) == "c"
    assert len(queue) == 4
    assert drain(queue) == ["c", "a", "d", "b"]
    assert queue.peek() is None


def test_the_same_key_one_after_the_other() -> None:
    """The next one is ready when the one ahead is released, and not before."""
    jobs, queue = Jobs(), JobQueue()
    for name, key in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        queue.add(jobs.make(name, key))
    assert (len(queue), len(queue.ready)) == (4, 2)
    first = queue.take()
    assert content(queue.take()) == "b1"
    assert not queue.ready
    queue.add_again(first)  # tried again: still the one ahead
    assert content(queue.take()) == "a1"
    queue.release(first)
    assert drain(queue) == ["a2", "a3"]


def test_followers_can_go_along_and_come_back() -> None:
    """Those of one key may be taken together; put back, they are behind the first again."""
    jobs, queue = Jobs(), JobQueue()
    made = [jobs.make(f"a{number}", "a") for number in range(4)]
    for job in made:
        queue.add(job)
    first = queue.take()
    assert queue.behind(first) is made[1]
    queue.take_behind(first)
    queue.take_behind(made[1])
    assert len(queue) == 1
    queue.put_back(made[2])
    queue.put_back(made[1])
    queue.release(first)
    assert drain(queue) == ["a1", "a2", "a3"]


def test_removing_lets_the_next_one_go() -> None:
    """Jobs that are taken out stand in nobody's way; they come out in order."""
    jobs, queue = Jobs(), JobQueue()
    made = [jobs.make("a1", "a"), jobs.make("x"), jobs.make("a2", "a"), jobs.make("a3", "a")]
    for job in made:
        queue.add(job)
    unwanted = {made[0], made[1], made[2]}
    assert queue.remove(unwanted.__contains__) == [made[0], made[1], made[2]]
    assert drain(queue) == ["a3"]
    assert len(queue) == 0


def test_without_a_key_nothing_is_behind() -> None:
    """Followers are a matter of keys."""
    jobs, queue = Jobs(), JobQueue()
    job = jobs.make("x")
    queue.add(job)
    assert queue.behind(queue.take()) is None
    queue.put_back(job)
    assert len(queue) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b"]), st.integers(0, 3)), min_size=1, max_size=30
    ),
    st.data(),
)
def test_every_job_comes_out_once_and_keys_keep_their_order(
    wanted: list[tuple[str | None, int]], data: st.DataObject
) -> None:
    """Whatever is taken, tried again and released, in any order."""
    jobs, queue = Jobs(), JobQueue()
    for number, (key, priority) in enumerate(wanted):
        queue.add(jobs.make(str(number), key, Priority(priority)))
    out: list[Job] = []
    done: list[Job] = []
    tries = 0
    while queue.ready or out:
        if queue.ready and (not out or data.draw(st.booleans())):
            out.append(queue.take())
            continue
        job = out.pop(data.draw(st.integers(0, len(out) - 1)))
        if tries < 20 and data.draw(st.booleans()):
            tries += 1
            queue.add_again(job)
            continue
        done.append(job)
        queue.release(job)
    assert sorted(job.order for job in done) == list(range(len(wanted)))
    assert len(queue) == 0
    for key in ("a", "b"):
        mine = [job.order for job in done if job.delivery.notification.ordering_key == key]
        assert mine == sorted(mine)
