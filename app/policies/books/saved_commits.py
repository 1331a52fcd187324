"""The last commits of a group as they stand in its control topic, for when Kafka forgets its own.

Keys, each with a JSON object; a record without a value takes one back:

``commits/<group>/<topic>/<partition>``
    The last commit: ``topic_id``, ``offset``, ``metadata``, ``saved_at``.
``topics/<group>/<topic>``
    The topic when this service first came to it in this group: ``topic_id``,
    ``partitions``, ``saved_at``. It is written once: partitions from that number on were added
    since.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from app.policies.books.ledger import Commit
from app.values.errors import UNREADABLE
from app.values.record import TopicPartition

_COMMITS = "commits"
_TOPICS = "topics"
_PLACE = re.compile(r"([^/]+)/([0-9]{1,10})")

Entry = tuple[bytes, bytes | None]
"""Key and value of a record of the control topic."""
K = TypeVar("K")
T = TypeVar("T")


class SavedCommit(msgspec.Struct, frozen=True):
    """The last commit for a partition that was written down."""

    topic_id: str | None  # of the topic that the offset is of; None if the brokers know no ids
    offset: int
    metadata: str  # the commit's, without the topic's id
    saved_at: float  # seconds since the epoch


class FirstVisit(msgspec.Struct, frozen=True):
    """A topic as it was when this service first came to it in its group."""

    topic_id: str | None
    partitions: int
    saved_at: float  # seconds since the epoch


class Saved(msgspec.Struct, frozen=True):
    """The control topic's knowledge of a group."""

    commits: Mapping[TopicPartition, SavedCommit]
    visits: Mapping[str, FirstVisit]

    def __bool__(self) -> bool:
        return bool(self.commits or self.visits)

    def knows(self, topic: str) -> bool:
        """Say whether this service has been at a topic before."""
        return topic in self.visits or any(each.topic == topic for each in self.commits)


def commit_entry(
    group_id: str, partition: TopicPartition, topic_id: str | None, commit: Commit, now: float
) -> Entry:
    """Return the record that keeps a commit."""
    kept = SavedCommit(topic_id, commit.offset, commit.metadata, now)
    return _commit_key(group_id, partition), msgspec.json.encode(kept)


def visit_entry(
    group_id: str, topic: str, topic_id: str | None, partitions: int, now: float
) -> Entry:
    """Return the record that keeps a topic as it was at first."""
    value = msgspec.json.encode(FirstVisit(topic_id, partitions, now))
    return f"{_TOPICS}/{group_id}/{topic}".encode(), value


def forgetting(group_id: str, saved: Saved, topics: Iterable[str]) -> list[Entry]:
    """Return the records that delete everything kept of topics."""
    wanted = {*topics}
    keys = [_commit_key(group_id, each) for each in saved.commits if each.topic in wanted]
    keys += [f"{_TOPICS}/{group_id}/{each}".encode() for each in saved.visits if each in wanted]
    return [(key, None) for key in keys]


class SavedReader:
    """Puts together a control topic's records of a group, the last word counting."""

    def __init__(self, group_id: str) -> None:
        self._commits_prefix = f"{_COMMITS}/{group_id}/"
        self._topics_prefix = f"{_TOPICS}/{group_id}/"
        self._commits: dict[TopicPartition, SavedCommit] = {}
        self._visits: dict[str, FirstVisit] = {}

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one record, in the order in which they stand."""
        name = (key or b"").decode(errors="replace")
        if name.startswith(self._commits_prefix):
            place = _PLACE.fullmatch(name.removeprefix(self._commits_prefix))
            if place:
                partition = TopicPartition(place[1], int(place[2]))
                _put(self._commits, partition, value, SavedCommit)
        elif name.startswith(self._topics_prefix):
            _put(self._visits, name.removeprefix(self._topics_prefix), value, FirstVisit)

    def saved(self) -> Saved:
        """Return the group's commits and topics."""
        return Saved(dict(self._commits), dict(self._visits))


def _put(entries: dict[K, T], key: K, value: bytes | None, kind: type[T]) -> None:
    try:
        entries[key] = msgspec.json.decode(value or b"", type=kind)
    except UNREADABLE:  # deleted, or of a version to come: unknown entries are ignored
        entries.pop(key, None)


def _commit_key(group_id: str, partition: TopicPartition) -> bytes:
    return f"{_COMMITS}/{group_id}/{partition.topic}/{partition.partition}".encode()
