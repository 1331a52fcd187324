"""Packing: what waits for long takes less memory, and is the same when its turn comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.engine.inflight.item import Item, Job, job_of
from app.engine.inflight.packing import LARGEST, Packer, is_named, told, unpack
from app.engine.inflight.transitions import fail, route, understand
from app.values.delivery import Delivery
from app.values.notification import Notification
from app.values.outcome import Reason
from app.values.record import Record
from tests.benchmarks.messages import record as signal
from tests.support.engine import delivery, notification, record
from tests.support.messages import read
from tests.support.notifications import NOTIFICATIONS


def waiting(told_by: Notification, value: bytes = b'{"a": 1}') -> Job:
    """Return the one job of a notification whose record has this value."""
    entered = Item(record(value), 1, b"digest")
    understand(entered, told_by)
    made = replace(delivery(notification()), notification=told_by, digest=entered.digest)
    job = job_of(entered, made, 0)
    route(entered, (job,))
    return job


def seen(job: Job) -> tuple[Record, Notification | None, Delivery, int]:
    """Return all that packing puts away."""
    return job.item.record, job.item.notification, job.delivery, job.item.size


@given(st.lists(NOTIFICATIONS, min_size=1, max_size=4), st.binary(max_size=300))
def test_it_is_the_same_when_it_is_unpacked(told_by: list[Notification], value: bytes) -> None:
    """Whatever is said, and whatever stands before it in line."""
    packer = Packer()
    jobs = [waiting(each, value) for each in told_by]
    before = [seen(job) for job in jobs]
    for job in jobs:
        packer.pack(job)
    assert [told(job.item) for job in jobs] == [each[1] for each in before]
    assert [job.item.size for job in jobs] == [len(value)] * len(jobs)
    for job in reversed(jobs):
        unpack(job)
    assert [seen(job) for job in jobs] == before


def test_what_resembles_others_takes_a_fraction_of_the_memory() -> None:
    """A record and what was read of it, of 500 that differ as a producer's do."""
    packer = Packer()
    url = "https://hooks.example/a"
    jobs = []
    for number in range(500):
        value = signal(number, url, 1_700_000_000_000_000 + number)
        jobs.append(waiting(read(value), value))
    for job in jobs:
        packer.pack(job)
    sizes = [len(job.item.packed) for job in jobs[1:] if job.item.packed is not None]
    assert len(sizes) == 499
    assert max(sizes) < 120
    assert len({id(job.delivery) for job in jobs[1:]}) == 1


def test_a_packed_one_is_found_by_its_id() -> None:
    """By the whole of it, and by nothing else that it says."""
    job = waiting(notification("the text", message_id="m-17"))
    Packer().pack(job)
    assert job.item.packed is not None
    assert is_named(job.item, "m-17")
    assert not is_named(job.item, "m-1")
    assert not is_named(job.item, "the text")


@pytest.mark.parametrize(
    ("told_by", "value"),
    [
        pytest.param(notification(expires_at=5.0), b"{}", id="its time may pass"),
        pytest.param(replace(notification(), once=True), b"{}", id="sent at once or never"),
        pytest.param(notification("\ud800"), b"{}", id="cannot be encoded"),
        pytest.param(notification(), b"x" * (LARGEST + 1), id="takes too long"),
    ],
)
def test_what_must_be_looked_at_is_left_as_it_is(told_by: Notification, value: bytes) -> None:
    """While it waits its lane asks for its times; and no step may take long."""
    job = waiting(told_by, value)
    before = seen(job)
    Packer().pack(job)
    assert job.item.packed is None
    assert seen(job) == before


def test_what_was_begun_is_left_as_it_is() -> None:
    """It may be joined when its partition comes back, and its record is compared then."""
    job = waiting(notification())
    fail(job.item, job.delivery.targets[0], Reason.UNROUTABLE, "nobody", 0.0)
    Packer().pack(job)
    assert job.item.packed is None
