"""An offset that stays unsettled without its record."""

from enum import Enum, auto

import msgspec

from app.engine.inflight.item import Item
from app.policies.headers.deferral import Deferral
from app.policies.headers.records import Origin, origin_headers
from app.values.record import Record, TopicPartition

DAY = 86_400.0
GONE = (
    "too large to be put aside, and gone from its topic before it could be delivered: the topic's"
    " retention is shorter than the outage"
)
MOST_PARKED = 500
"""Of one partition; with more of them it rests, so that memory and commits stay bounded."""


class Why(Enum):
    """Why there is no other place for a record."""

    TOO_LARGE = auto()
    """The retry topics do not take it."""
    FOREIGN = auto()
    """It was deferred by a service that shares the group, and is of a topic consumed only there."""


class Parked(msgspec.Struct, frozen=True, eq=False):
    """What is kept of a record that can neither be delivered now nor be put aside.

    Its record stands where it was read, and is read again when its time has come.

    Attributes:
        since: Monotonic seconds when it was let go of.
        until: Monotonic seconds when its time has come.
        size: Bytes of its value.
        digest: SHA-256 of its value: another record may stand there once a topic was made anew.
        before: What is still to be done about it; None where its own headers say so.
    """

    offset: int
    why: Why
    since: float
    until: float
    origin: Origin
    size: int
    digest: bytes
    before: Deferral | None = None

    def stub(self, partition: TopicPartition) -> Record:
        """Return what stands for its record once the log does not hold that any more."""
        headers = tuple(origin_headers(self.origin).items())
        return Record(partition, self.offset, self.origin.timestamp, None, None, headers)


def park(
    item: Item, why: Why, since: float, until: float, before: Deferral | None = None
) -> Parked:
    """Return what is kept of an item.

    Args:
        item: Whose record is let go of.
        why: Why there is no other place for it.
        since: Monotonic seconds now.
        until: Monotonic seconds when it is read again.
        before: What is then still to be done about it; None where its headers say so.
    """
    return Parked(
        item.record.offset, why, since, until, item.origin, item.size, item.digest, before
    )


def too_old_at(item: Item, max_age: float) -> float:
    """Return when a record of another service's is given up, in seconds since the epoch."""
    first_failure = item.record.timestamp if item.first_failure is None else item.first_failure
    return first_failure + (max_age or DAY)


def unclaimed(topic: str) -> str:
    """Return why a record of another service's topic was given up."""
    return (
        f"no member of the group that consumes {topic} had it in time: services that share a group"
        " id divide each other's notifications"
    )
