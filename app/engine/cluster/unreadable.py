"""Warns of partitions that cannot be read while others can."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from app.edges.kafka.fetch_watch import NO_LEADER, NOT_ALLOWED, Unreadable
from app.engine.conditions import Conditions
from app.engine.inflight.assignment import Assignment
from app.values.record import TopicPartition

REFUSED: Final = "reading_refused"
AWAY: Final = "partition_away"
PATIENCE: Final = 10.0
"""Seconds that a partition may be away before a warning: leaders move, disks are swapped."""
_MOST_NAMED: Final = 10

_REASONS: Final = {
    NO_LEADER: (
        "no broker leads it",
        "start the brokers that hold it (kafka-topics.sh --describe --unavailable-partitions)",
    ),
    3: ("its broker does not know it", "see whether the topic was deleted"),
    56: ("its broker has lost the disk that it is on", "see that broker's log"),
    100: ("its broker does not know the topic's id", "see whether the topic was recreated"),
}
_OTHER: Final = ("Kafka answers with error {}", "see the brokers' logs")


class UnreadablePartitions:
    """Shows which topics and partitions cannot be read, why, and what helps.

    Args:
        topics: What it consumes, without the group's own topics.
        user: Who this worker is to Kafka, if it logs in by name.
    """

    def __init__(
        self,
        assignment: Assignment,
        topics: Collection[str],
        conditions: Conditions,
        user: str | None,
    ) -> None:
        self._assignment = assignment
        self._topics = topics
        self._conditions = conditions
        self._user = user

    def look(
        self, unreadable: Mapping[TopicPartition, Unreadable], hidden: Collection[str]
    ) -> None:
        """Update the warnings.

        Args:
            hidden: Subscribed topics that this user may not see, so that nobody gives them to it.
        """
        for assigned in self._assignment:
            assigned.unreadable = assigned.partition in unreadable
        refused = {each.topic for each, why in unreadable.items() if why.code == NOT_ALLOWED}
        stops = not self._reads_anything(hidden)
        self._conditions.replace(
            REFUSED,
            {topic: refusal(topic, self._user) for topic in sorted(refused | {*hidden})},
            stops_work=stops,
        )
        self._conditions.replace(AWAY, dict(_away(unreadable)), stops_work=stops)

    def _reads_anything(self, hidden: Collection[str]) -> bool:
        ours = [each for each in self._assignment if each.partition.topic in self._topics]
        if not ours:  # others have them all; or nobody may have any
            return not {*self._topics} <= {*hidden}
        return any(not each.unreadable for each in ours)


def refusal(topic: str, user: str | None) -> str:
    """Say that a topic may not be read, and what allows it."""
    return (
        f"this user may not read {topic}: what is there waits, and is taken by itself once it may."
        f" {reading_remedy(topic, user)}"
    )


def reading_remedy(topic: str, user: str | None) -> str:
    """Say what allows a topic to be read."""
    who = f"User:{user}" if user else "…"
    return (
        "Allow it Read and Describe: kafka-acls.sh --bootstrap-server … --add"
        f" --allow-principal {who} --operation Read --operation Describe --topic {topic}"
    )


def _away(
    unreadable: Mapping[TopicPartition, Unreadable],
) -> Iterable[tuple[str, str]]:
    groups: defaultdict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
    for (topic, number), why in unreadable.items():
        if why.code != NOT_ALLOWED and why.seconds >= PATIENCE:
            groups[topic, why.code].append((number, why.seconds))
    for (topic, code), partitions in sorted(groups.items()):
        reason, remedy = reason_and_remedy(code)
        longest = max(seconds for _, seconds in partitions)
        yield (
            f"{topic}: {reason}",
            (
                f"{topic}/{_numbers(partitions)} cannot be read for more than {longest:.0f} s:"
                f" {reason}; {remedy}. It is asked again by itself, the others go on"
            ),
        )


def reason_and_remedy(code: int) -> tuple[str, str]:
    """Return what an error code of a fetch means, and what to do."""
    reason, remedy = _REASONS.get(code, _OTHER)
    return reason.format(code), remedy


def _numbers(partitions: Iterable[tuple[int, float]]) -> str:
    numbers = sorted(number for number, _ in partitions)
    text = ",".join(map(str, numbers[:_MOST_NAMED]))
    return f"{text} and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else text
