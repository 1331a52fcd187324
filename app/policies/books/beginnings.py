"""Decides where a group begins with a partition. Pure."""

from enum import StrEnum

import msgspec

from app.policies.books.commit_metadata import Committed
from app.policies.books.saved_commits import Saved, SavedCommit
from app.values.record import TopicPartition


class GoOn(msgspec.Struct, frozen=True):
    """Go on at the group's commit."""

    committed: Committed


class Restore(msgspec.Struct, frozen=True):
    """Go on at the commit that the control topic kept: Kafka has forgotten its own."""

    kept: SavedCommit


class Why(StrEnum):
    """A reason to read a log from its start, against the settings."""

    RECREATED = "recreated"
    """The topic was made anew since the group was there."""
    ADDED = "added"
    """The partition was added since."""
    UNCERTAIN = "uncertain"
    """The group was there, and nobody can tell whether it is the same topic."""
    DEFERRED = "deferred"
    """It is the group's own, of a retry topic."""


class FromStart(msgspec.Struct, frozen=True):
    """Begin at the start of the log."""

    why: Why


class AsSet(msgspec.Struct, frozen=True):
    """Begin where ``AUTO_OFFSET_RESET`` says: the group was never at this partition."""


Beginning = GoOn | Restore | FromStart | AsSet


def are_different(one: str | None, other: str | None) -> bool:
    """Say whether two topic ids are certainly those of two topics."""
    return one is not None and other is not None and one != other


def beginning(
    partition: TopicPartition,
    topic_id: str | None,
    committed: Committed | None,
    saved: Saved,
    *,
    deferred: bool,
) -> Beginning:
    """Decide where to begin with a partition.

    Args:
        topic_id: Of its topic as it is now; None if the brokers know no ids.
        saved: The control topic's copy. It does not count if there is a commit.
        deferred: Whether the topic is one of the group's retry topics.
    """
    if committed is not None:
        if are_different(committed.topic_id, topic_id):
            return FromStart(Why.RECREATED)
        return GoOn(committed)
    kept = saved.commits.get(partition)
    if kept is not None:
        return _after(kept, topic_id)
    return FromStart(Why.DEFERRED) if deferred else _untouched(partition, topic_id, saved)


def _untouched(partition: TopicPartition, topic_id: str | None, saved: Saved) -> Beginning:
    """Decide about a partition of a consumed topic that nobody has ever committed for."""
    visit = saved.visits.get(partition.topic)
    if visit is None:
        # If the topic is known all the same, the first worker found commits on all partitions.
        return FromStart(Why.ADDED) if saved.knows(partition.topic) else AsSet()
    if are_different(visit.topic_id, topic_id):
        return FromStart(Why.RECREATED)
    return FromStart(Why.ADDED) if partition.partition >= visit.partitions else AsSet()


def _after(kept: SavedCommit, topic_id: str | None) -> Beginning:
    if are_different(kept.topic_id, topic_id):
        return FromStart(Why.RECREATED)
    if topic_id is None or kept.topic_id is None:
        return FromStart(Why.UNCERTAIN)
    return Restore(kept)
