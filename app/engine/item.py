"""One record on its way: what was asked of it, what became of each target so far."""

from enum import Enum, auto

from app.engine.partition import Assigned
from app.policies.statistics import Verdict, verdict
from app.values.delivery import Delivery, Target
from app.values.notification import Notification
from app.values.outcome import Reason
from app.values.record import Record

GRAVITY = (Reason.INVALID, Reason.EXHAUSTED, Reason.REJECTED, Reason.UNROUTABLE, Reason.EXPIRED)
"""Which reason stands on a dead letter whose targets failed for several."""


class State(Enum):
    """Where a job is."""

    WAITING = auto()
    ACTIVE = auto()
    DONE = auto()
    DISCARDED = auto()


class Job:
    """One delivery of an item: waiting in its lane, being tried, or done.

    Attributes:
        attempts: Attempts made so far; waiting for a rate limit is none.
        order: Rises with intake: the partition's order within a priority.
    """

    __slots__ = ("attempts", "delivery", "item", "order", "state")

    def __init__(self, item: "Item", delivery: Delivery, order: int) -> None:
        self.item = item
        self.delivery = delivery
        self.order = order
        self.attempts = 0
        self.state = State.WAITING


class Failure:
    """Why one target will never be reached."""

    __slots__ = ("error", "reason", "target")

    def __init__(self, target: Target, reason: Reason, error: str) -> None:
        self.target = target
        self.reason = reason
        self.error = error


class Item:
    """A record that was received and is not settled.

    Attributes:
        assigned: The assignment it belongs to; a new one when the partition came back.
        digest: SHA-256 of the value.
        jobs: Its deliveries.
        followers: Repeats that arrived while this one is in flight and wait for its outcome.
        first_failure: Seconds since the epoch, or None.
        reason, whole_error: Why the record as a whole cannot be used, or None.
        burying: Its dead letter is being written.
        buried: Its dead letter is acknowledged.
    """

    __slots__ = (
        "assigned",
        "buried",
        "burying",
        "delivered",
        "digest",
        "failures",
        "first_failure",
        "followers",
        "jobs",
        "notification",
        "reason",
        "record",
        "whole_error",
    )

    def __init__(self, record: Record, assigned: Assigned, digest: bytes) -> None:
        self.record = record
        self.assigned = assigned
        self.digest = digest
        self.notification: Notification | None = None
        self.jobs: list[Job] = []
        self.followers: list[Item] = []
        self.delivered: list[Target] = []
        self.failures: list[Failure] = []
        self.first_failure: float | None = None
        self.reason: Reason | None = None
        self.whole_error: str | None = None
        self.burying = False
        self.buried = False

    @property
    def size(self) -> int:
        """Bytes it holds in memory, roughly."""
        return len(self.record.value or b"")

    @property
    def finished(self) -> bool:
        """Whether every target has its final answer."""
        return all(job.state is State.DONE for job in self.jobs)

    @property
    def started(self) -> bool:
        """Whether dropping it could repeat something: a destination or the dead letters know it."""
        return bool(
            self.delivered
            or self.burying
            or self.buried
            or any(job.state is State.ACTIVE for job in self.jobs)
        )

    @property
    def under_way(self) -> bool:
        """Whether something is being done, or is in line to be done, about it."""
        return self.burying or any(job.state in (State.ACTIVE, State.WAITING) for job in self.jobs)

    @property
    def attempts(self) -> int:
        """Most attempts that any of its deliveries took."""
        return max((job.attempts for job in self.jobs), default=0)

    def refuse(self, reason: Reason, error: str) -> None:
        """Note that the record as a whole cannot be used."""
        self.reason = reason
        self.whole_error = error

    def fail(self, target: Target, reason: Reason, error: str, now: float) -> None:
        """Note that one target will never be reached."""
        self.failures.append(Failure(target, reason, error))
        self.first_failure = self.first_failure or now

    def verdict(self) -> Verdict:
        """Judge it once it is finished."""
        expired = sum(failure.reason is Reason.EXPIRED for failure in self.failures)
        return verdict(
            delivered=len(self.delivered), failed=len(self.failures) - expired, expired=expired
        )

    def death(self) -> tuple[Reason, str]:
        """Return the gravest reason and the errors for its dead letter."""
        if self.reason is not None:
            return self.reason, self.whole_error or ""
        reason = min((failure.reason for failure in self.failures), key=GRAVITY.index)
        errors = dict.fromkeys(f"{f.target.label}: {f.error}" for f in self.failures)
        return reason, "; ".join(errors)
