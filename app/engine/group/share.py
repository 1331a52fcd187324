"""This worker's share of the partitions, and a warning if it gets none."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from app.edges.kafka.connection import Connection
from app.edges.kafka.survey import Survey
from app.engine.conditions import Conditions
from app.engine.group.subscription import Subscription
from app.engine.inflight.assignment import Assignment
from app.values.clock import Clock
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.group import Group
from app.values.record import TopicPartition
from app.values.topic import TopicState

log = logging.getLogger(__name__)

NOTHING: Final = "no_partitions"
SPARE: Final = "spare_worker"
TURN_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 5.0
PATIENCE: Final = 15.0
"""Seconds that a worker may be without partitions before it is looked into: the group waits for
its slowest member whenever one comes or goes."""


class Share:
    """Finds out why the group assigns this worker no partition of the consumed topics.

    Others may have them all: then it is a spare one, and ready to take over. Or nobody has them:
    another program leads the group, and does not know these topics, or has stopped answering.

    Args:
        connection: Where Kafka is.
        subscription: What this worker consumes.
        assignment: The partitions it has.
        conditions: Shows it to the operator.
        clock: Tells the time.
        leader: Tells the id of the member that leads the group, as far as is known.
        survey: Returns a client that asks the cluster.

    Attributes:
        starved: Why this worker gets nothing although there is something, or None.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        assignment: Assignment,
        conditions: Conditions,
        clock: Clock,
        *,
        leader: Callable[[], str | None],
        survey: Callable[[Connection], Survey] = Survey,
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._assignment = assignment
        self._conditions = conditions
        self._clock = clock
        self._leader = leader
        self._survey = survey
        self.starved: str | None = None

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        self.starved = None
        look_at: float | None = None
        while True:
            now = self._clock.monotonic()
            if self._has_some():
                look_at = None
                self._say(None, None)
            elif look_at is None:
                look_at = now + PATIENCE
            elif now >= look_at:
                look_at = now + LOOK_SECONDS
                await self._look()
            await asyncio.sleep(TURN_SECONDS)

    def _has_some(self) -> bool:
        topics = self._subscription.topics
        return any(each.partition.topic in topics for each in self._assignment)

    async def _look(self) -> None:
        try:
            async with self._survey(self._connection) as cluster:
                group = await cluster.group(self._subscription.group_id)
                there = await cluster.visible(self._subscription.topics)
        except (KafkaUnavailableError, KafkaRefusedError) as error:
            log.debug("the group cannot be looked at now: %s", error)
            return
        partitions = partitions_of(there)
        left = unassigned(partitions, group)
        if not partitions or not group.members:
            self._say(None, None)  # that they are away, hidden, or not reached is said elsewhere
        elif left:
            self._say(self._nothing(group, left), None)
        else:
            self._say(None, self._spare(group, partitions))

    def _say(self, nothing: str | None, spare: str | None) -> None:
        self.starved = nothing
        self._conditions.replace(NOTHING, {"": nothing} if nothing else {}, stops_work=True)
        self._conditions.replace(SPARE, {"": spare} if spare else {})

    def _nothing(self, group: Group, left: set[TopicPartition]) -> str:
        topics = ", ".join(sorted({each.topic for each in left}))
        return (
            f"the group {self._subscription.group_id} gives this worker nothing, although"
            f" {len(left)} partitions of {topics} have nobody. {self._led(group)}. If that is"
            " another program, stop it, or give this service a group id of its own"
            " (NOTIFIER_KAFKA__GROUP_ID)"
        )

    def _led(self, group: Group) -> str:
        leader = self._leader()
        for member in group.members:
            if member.id == leader:
                topics = f"; it consumes {', '.join(member.topics)}" if member.topics else ""
                return (
                    f"The member {member.client_id} at {member.host} leads the group and divides"
                    f" the partitions{topics}"
                )
        return f"Which member leads it is not known; its members are {named_members(group)}"

    def _spare(self, group: Group, partitions: set[TopicPartition]) -> str:
        return (
            f"this worker has nothing to do: the group {self._subscription.group_id} has"
            f" {len(group.members)} members for {len(partitions)} partitions. It takes over if one"
            " of them goes; for more throughput the topics need more partitions"
        )


def partitions_of(topics: Mapping[str, TopicState]) -> set[TopicPartition]:
    """Return every partition of topics."""
    return {
        TopicPartition(topic, number)
        for topic, state in topics.items()
        for number in range(state.partitions)
    }


def unassigned(partitions: set[TopicPartition], group: Group) -> set[TopicPartition]:
    """Return those partitions that no member of a group has."""
    return partitions.difference(*(member.partitions for member in group.members))


def named_members(group: Group) -> str:
    """Name the members of a group, with what each consumes."""
    members = sorted(
        f"{member.client_id} at {member.host} ({', '.join(member.topics) or 'no topic'})"
        for member in group.members
    )
    return ", ".join(members) or "none"
