"""One record on its way: what was asked of it, what became of each target so far."""

from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from app.policies.books.statistics import Verdict, verdict
from app.policies.headers.deferral import Deferral, FailedMark
from app.policies.headers.records import Origin, here, mark_of, origin_of
from app.policies.texts.plain_text import clip
from app.values.delivery import Delivery, Target
from app.values.history import Try
from app.values.note import Note
from app.values.notification import Notification, Priority
from app.values.outcome import Reason
from app.values.record import Record, TopicPartition
from app.values.trace import OpenSpan

LONGEST_NAME = 200
"""Characters of an id in a log line."""
SIZE_BYTES = 4
"""At the beginning of what is packed: how many the record's value has."""
LONGEST_ERROR = 500
"""Characters that are kept of why a target will not be reached."""


class State(Enum):
    """Where a job is."""

    WAITING = auto()
    ACTIVE = auto()
    DONE = auto()
    DEFERRED = auto()
    DISCARDED = auto()


_FINISHED = (State.DONE, State.DEFERRED)


class Stage(Enum):
    """Where a record is."""

    OPEN = auto()
    """Something is done about it or waits, unless its epoch is over: then it was taken away."""
    LEAVING = auto()
    """It is being written to the dead letters or to a retry topic."""
    WRITTEN = auto()
    """That was acknowledged, and is not in the partition's books yet."""
    SETTLED = auto()
    PARKED = auto()


class Job(msgspec.Struct, eq=False):
    """One delivery of an item: waiting in its lane, being tried, done or put aside.

    Attributes:
        attempts: Attempts made since it was received; waiting for a rate limit is none.
        order: Rises with intake: the partition's order within a priority.
        alone: It was refused together with others, and is to be sent by itself.
        put_aside_for: Seconds, once it is to be deferred.
        paused: It is deferred because its destination is paused, and for nothing else.
        line: What it shares with those that it must not overtake, and that must not overtake it. A
            partition's order covers that of its keys. Urgent ones may overtake; what was put aside
            has lost its place.
        rank: What goes first: the lower. Where order counts, all but the urgent ones are equal.
    """

    item: "Item"
    delivery: Delivery
    order: int
    attempts: int = 0
    alone: bool = False
    put_aside_for: float = 0.0
    paused: bool = False
    state: State = State.WAITING
    line: str | TopicPartition | None = None
    rank: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more is done about it here."""
        return self.state in _FINISHED


def job_of(item: "Item", delivery: Delivery, order: int, *, in_order: bool = False) -> Job:
    """Return a new job.

    Args:
        item: What it is of.
        delivery: What is to be done.
        order: Rises with intake.
        in_order: Its destination gets what a partition holds in the partition's order.
    """
    told = delivery.notification
    line: str | TopicPartition | None = told.ordering_key
    if not in_order:
        return Job(item, delivery, order, line=line, rank=-told.priority)
    is_urgent = told.priority is Priority.URGENT
    if item.before is None and not (is_urgent and line is None):
        line = item.record.partition
    return Job(item, delivery, order, line=line, rank=-told.priority if is_urgent else 0)


class Failure(msgspec.Struct, eq=False, gc=False):
    """Why one target will never be reached."""

    target: Target
    reason: Reason
    error: str

    def mark(self) -> FailedMark:
        """Return what a record's headers say of it."""
        mark = mark_of(self.target)
        return FailedMark(mark.channel, mark.label, mark.id, self.reason, self.error)


class Item(msgspec.Struct, eq=False):
    """A record that was received and is not settled.

    Its state is written by ``transitions`` alone.

    Args:
        epoch: Of the assignment of its partition that it belongs to.
        received_at: Monotonic seconds.
        before: What its record in the retry topic says; None for one from a consumed topic.
        deferred_before: Its record stands in a retry topic, and says where it first stood.

    Attributes:
        digest: SHA-256 of the value.
        jobs: Its deliveries.
        followers: Repeats that arrived while this one is in flight and wait for its outcome.
        delivered, failures: What became of targets since it was received.
        tries: The attempts made here, in their order; None before the first.
            These are lists only once there is something in them, made by ``transitions``.
        first_failure: Seconds since the epoch, or None.
        refusal: Why the record as a whole cannot be used, or None.
        adjusted: What a channel left out of it or changed about it.
        foreign: Only a newer version knows how to read it; it is handed on as it is.
        too_large: The retry topics do not take it.
        missing: Bytes of its value, which the log does not hold any more.
        span: Its part of a trace; None if nobody wants any.
        packed: The record's value and what it says, while neither is kept as it is (``packing``).
    """

    record: Record
    epoch: int
    digest: bytes
    received_at: float = 0.0
    before: Deferral | None = None
    deferred_before: bool = False
    stage: Stage = Stage.OPEN
    notification: Notification | None = None
    jobs: Sequence[Job] = ()
    followers: "Sequence[Item]" = ()
    delivered: Sequence[Target] = ()
    failures: Sequence[Failure] = ()
    tries: list[tuple[Target, Try]] | None = None
    first_failure: float | None = None
    refusal: tuple[Reason, str] | None = None
    adjusted: tuple[Note, ...] = ()
    foreign: bool = False
    too_large: bool = False
    missing: int = 0
    span: OpenSpan | None = None
    packed: bytes | None = None

    @property
    def origin(self) -> Origin:
        """Where the record first stood; in a consumed topic its headers have no say about it."""
        return origin_of(self.record) if self.deferred_before else here(self.record)

    @property
    def name(self) -> str:
        """What log lines call it: where its record stands, and its id, which traces ask for."""
        told = self.notification
        if told is None or told.message_id is None:
            return self.record.coordinates
        return f"{self.record.coordinates} (message {clip(told.message_id, LONGEST_NAME)})"

    @property
    def partition(self) -> TopicPartition:
        """Where its record stands."""
        return self.record.partition

    @property
    def leaving(self) -> bool:
        """Whether it is being written elsewhere."""
        return self.stage is Stage.LEAVING

    @property
    def written(self) -> bool:
        """Whether that was acknowledged."""
        return self.stage is Stage.WRITTEN

    @property
    def published_at(self) -> float:
        """When the notification was first written to a topic, in seconds since the epoch."""
        return self.record.timestamp if self.before is None else self.origin.timestamp

    @property
    def size(self) -> int:
        """Bytes of its record's value."""
        if self.packed is not None:
            return int.from_bytes(self.packed[:SIZE_BYTES], "big")
        return len(self.record.value or b"")

    @property
    def targets(self) -> int:
        """How many targets it has, whatever became of them here."""
        left = sum(len(job.delivery.targets) for job in self.jobs)
        return left + len(self.delivered) + len(self.failures)

    @property
    def finished(self) -> bool:
        """Whether nothing more is done about any target here."""
        for job in self.jobs:  # noqa: SIM110 - asked of every delivery; a generator takes longer
            if job.state not in _FINISHED:
                return False
        return True

    @property
    def leaves(self) -> bool:
        """Whether something of it is to be written elsewhere, once every delivery has its end."""
        if self.deferred or self.refusal is not None or self.failures:
            return True
        return self.before is not None and bool(self.before.failed)

    @property
    def is_accepted(self) -> bool:
        """Whether all of it was accepted here, and nothing else is to be said of it: most are."""
        if self.failures or not self.delivered or self.before is not None or self.written:
            return False
        if self.refusal is not None or self.foreign:
            return False
        for job in self.jobs:  # noqa: SIM110 - as in finished
            if job.state is not State.DONE:
                return False
        return True

    @property
    def deferred(self) -> bool:
        """Whether some targets are put aside for later, or all of it is."""
        for job in self.jobs:  # as in finished
            if job.state is State.DEFERRED:
                return True
        return self.foreign

    @property
    def partly_done(self) -> bool:
        """Whether dropping it would repeat what is certain: some targets have their answer."""
        return bool(self.delivered or self.failures)

    @property
    def started(self) -> bool:
        """Whether dropping it could repeat something."""
        return (
            self.partly_done
            or self.leaving
            or self.written
            or self.too_large  # what was done before stands in no topic
            or any(job.state is State.ACTIVE for job in self.jobs)
        )

    @property
    def under_way(self) -> bool:
        """Whether something is being done, or is in line to be done, about it."""
        return self.leaving or any(job.state in (State.ACTIVE, State.WAITING) for job in self.jobs)

    @property
    def attempts(self) -> int:
        """Most attempts that any of its deliveries took, earlier rounds included."""
        now = max((job.attempts for job in self.jobs), default=0)
        return now + (self.before.attempts if self.before else 0)

    def verdict(self) -> Verdict:
        """Judge it once every target has its final answer, here or before."""
        if self.refusal is not None:
            return Verdict.PARTIAL if self.before and self.before.delivered else Verdict.FAILED
        if not self.failures and self.before is None and self.delivered:
            return Verdict.SENT
        reasons = [failure.reason for failure in self.failures]
        delivered = len(self.delivered)
        if self.before:
            reasons += [failure.reason for failure in self.before.failed]
            delivered += len(self.before.delivered)
        expired = reasons.count(Reason.EXPIRED)
        return verdict(delivered=delivered, failed=len(reasons) - expired, expired=expired)
