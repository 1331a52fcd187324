"""The topics of a group: created, kept configured, and reported when they are gone."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from app.edges.kafka.connection import CLIENT_ID, Connection
from app.edges.kafka.survey import Survey
from app.edges.kafka.topic_admin import TopicAdmin
from app.engine.cluster.shared_group import REMEDY, describe_others, others
from app.engine.cluster.unread import describe_unread, unread_topics
from app.engine.conditions import Conditions
from app.engine.group.subscription import Subscription
from app.policies.service.group_faults import group_faults
from app.policies.service.own_topics import faults
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.rights import Right
from app.values.topic import TopicFault, TopicState, WantedTopic

log = logging.getLogger(__name__)

AWAY: Final = "topic_away"
DENIED: Final = "topic_denied"
SETTINGS: Final = "topic_settings"
SHARED: Final = "shared_group"
UNREAD: Final = "topic_unread"
GROUP: Final = "group_members"

INTERVAL: Final = 10.0
"""Seconds between two looks."""
AWAY_PATIENCE: Final = 60.0
"""Seconds that a consumed topic may be gone before a warning: to recreate it takes a moment."""


class TopicKeeper:
    """Creates the group's own topics, and keeps them configured as they have to be.

    Whatever the brokers do when somebody asks for a topic that is not there, and whatever their
    defaults are.

    Args:
        conditions: Shows what cannot be repaired here.
        monotonic: Tells seconds that never go back.
    """

    def __init__(
        self,
        connection: Connection,
        subscription: Subscription,
        conditions: Conditions,
        *,
        monotonic: Callable[[], float],
        survey: Callable[[Connection], Survey] = Survey,
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._conditions = conditions
        self._monotonic = monotonic
        self._survey = survey
        self._away_since: dict[str, float] = {}

    async def make(self) -> None:
        """Create what is missing, correct what is wrong, and check that it can be written.

        Raises:
            KafkaUnavailableError: Kafka is away.
            KafkaRefusedError: Something is not allowed; the text names the missing right.
        """
        wanted = self._subscription
        async with self._survey(self._connection) as cluster:
            await cluster.create(await self._seen(cluster), wanted.replication_factor)
            largest = await cluster.largest_record(wanted.topics)
            own = wanted.own_topics(largest)
            await cluster.create(own, wanted.replication_factor)
            await cluster.prove_writable([topic.name for topic in own])
            await self._mend(cluster, (*own, *await self._history(cluster)))
        self._conditions.end(DENIED)

    async def _history(self, cluster: TopicAdmin) -> tuple[WantedTopic, ...]:
        """Make the history topic if that is allowed: whoever writes to it says if it is not."""
        wanted = self._subscription
        try:
            await cluster.create(wanted.history, wanted.replication_factor)
        except KafkaRefusedError as error:
            log.debug("no history is kept: %s", error)
            return ()
        return wanted.history

    async def _seen(self, cluster: Survey) -> list[WantedTopic]:
        """Return the consumed topics without those that may not be seen, if there are others.

        The others are read meanwhile; whoever reads them says which are not.
        """
        sources = list(self._subscription.sources)
        hidden = await cluster.denied(Right.DESCRIBE, [topic.name for topic in sources])
        return [topic for topic in sources if topic.name not in hidden] or sources

    async def watch(self) -> None:
        """Check the topics for as long as the worker runs; reconnect if needed."""
        while not self._connection.embedded:
            try:
                async with self._survey(self._connection) as cluster:
                    while True:
                        await asyncio.sleep(INTERVAL)
                        await self.look(cluster)
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                log.debug("the topics cannot be checked now: %s", error)
                await asyncio.sleep(INTERVAL)

    async def look(self, cluster: Survey) -> None:
        """Check the topics once.

        Raises:
            KafkaUnavailableError: Kafka did not answer; nothing else that it says is raised.
        """
        wanted = self._subscription
        try:
            await self._miss_sources(cluster)
            own = wanted.own_topics(await cluster.largest_record(wanted.topics))
            await cluster.create(own, wanted.replication_factor)
            await self._mend(cluster, (*own, *await self._history(cluster)))
            await self._point_out(cluster)
            await self._look_at_group(cluster)
        except KafkaRefusedError as error:
            self._conditions.begin(DENIED, str(error), stops_work=True)
        else:
            self._conditions.end(DENIED)

    async def _miss_sources(self, cluster: Survey) -> None:
        """Warn of consumed topics that have been gone for too long."""
        there = await cluster.visible(self._subscription.topics)
        missing = [topic for topic in self._subscription.topics if topic not in there]
        hidden = await cluster.denied(Right.DESCRIBE, missing)  # said by whoever reads them
        now = self._monotonic()
        self._away_since = {
            topic: self._away_since.get(topic, now) for topic in missing if topic not in hidden
        }
        self._conditions.replace(
            AWAY,
            {
                topic: f"the topic {topic} is not there any more: nothing of it can be delivered."
                " Create it again, or take it out of NOTIFIER_KAFKA__TOPICS"
                for topic, since in self._away_since.items()
                if now - since >= AWAY_PATIENCE
            },
            stops_work=True,
        )

    async def _mend(self, cluster: TopicAdmin, own: Iterable[WantedTopic]) -> None:
        """Correct what can be corrected, and report the rest."""
        if self._connection.embedded:
            return  # it has no settings
        found = await find_faults(cluster, self._subscription, own)
        altered = {
            topic: dict(fault.altered for fault in each if fault.altered)
            for topic, each in found.items()
        }
        altered = {topic: settings for topic, settings in altered.items() if settings}
        refused = await cluster.alter(altered) if altered else {}
        for topic in altered.keys() - refused.keys():
            settings = ", ".join(f"{name}={value}" for name, value in altered[topic].items())
            log.warning(
                "the configuration of the topic %s was wrong and was corrected: %s", topic, settings
            )
        left = {
            topic: [fault for fault in each if topic in refused or not fault.altered]
            for topic, each in found.items()
        }
        self._conditions.replace(
            SETTINGS,
            {topic: _text(topic, each, refused.get(topic)) for topic, each in left.items() if each},
        )

    async def _point_out(self, cluster: Survey) -> None:
        """Warn of topics that Ginkgo writes to and nobody reads."""
        wanted = self._subscription
        unread = await unread_topics(cluster, wanted.group_id, wanted.topics)
        self._conditions.replace(
            UNREAD,
            {topic: ". ".join(describe_unread(topic, count)) for topic, count in unread.items()},
        )

    async def _look_at_group(self, cluster: Survey) -> None:
        """Warn of members of the group that do not belong there."""
        wanted = self._subscription
        group = await cluster.group(wanted.group_id)
        named = others(group, wanted.topics, wanted.delays)
        if named is None:
            self._conditions.end(SHARED)
        else:
            text = f"{describe_others(wanted.group_id, wanted.topics, named)}. {REMEDY}"
            self._conditions.begin(SHARED, text)
        found = group_faults(group, wanted.delays, CLIENT_ID)
        self._conditions.replace(
            GROUP,
            {
                fault.kind: f"the group {wanted.group_id}: {fault.problem}. {fault.remedy}"
                for fault in found
            },
        )


class SourceTopic:
    """The topic that is published to; created as the worker would, since none may have run yet."""

    def __init__(self, connection: Connection, subscription: Subscription) -> None:
        self._connection = connection
        self._subscription = subscription
        self._there = False

    async def make(self) -> None:
        """Create the topic if it is missing; once it was there, Kafka is not asked again.

        Raises:
            KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
        """
        if self._there:
            return
        async with TopicAdmin(self._connection) as admin:
            wanted = self._subscription
            await admin.create(wanted.sources[:1], wanted.replication_factor)
        self._there = True


async def find_faults(
    cluster: TopicAdmin, subscription: Subscription, own: Iterable[WantedTopic]
) -> Mapping[str, list[TopicFault]]:
    """Return what is wrong with those of the group's own topics that are there, by name.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: Kafka is away, or refuses.
    """
    by_name = {topic.name: topic for topic in own}
    there = await cluster.visible([*subscription.topics, *by_name])
    mine = {name: state for name, state in there.items() if name in by_name}
    configs = await cluster.topic_configs(mine)
    replicas = subscription.replication_factor or _replicas(there, subscription.topics)
    found: dict[str, list[TopicFault]] = {}
    for name, state in mine.items():
        found[name] = list(faults(by_name[name], state, configs.get(name), replicas))
        if name not in configs:
            found[name].append(
                TopicFault(
                    "this user may not read its settings, so that nobody can tell whether it is as"
                    " it has to be",
                    "Allow it DescribeConfigs on the topic",
                )
            )
    return found


def _replicas(there: Mapping[str, TopicState], sources: Iterable[str]) -> int:
    """Return the copies that the consumed topics have at least; the group's own need as many."""
    return min((there[topic].replicas for topic in sources if topic in there), default=1)


def _text(topic: str, found: Iterable[TopicFault], refused: str | None) -> str:
    said = ". ".join(f"{fault.problem}. {fault.remedy}" for fault in found)
    return f"the topic {topic}: {said}" + (f" ({refused})" if refused else "")
