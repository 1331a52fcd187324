"""Topics, asked about, made and put right."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from app.edges.kafka.admin import Admin
from app.edges.kafka.errors import describe, translated
from app.edges.kafka.requests import alter_topic_settings
from app.edges.kafka.rights import denied
from app.values.errors import KafkaRefusedError, KafkaUnavailableError
from app.values.rights import Right
from app.values.topic import TopicState, WantedTopic

log = logging.getLogger(__name__)

USUAL_MAX_MESSAGE_BYTES: Final = 1_048_588
"""Kafka's default, for topics whose settings this user may not read."""
KNOWN_AFTER: Final = 10.0
"""Seconds within which every broker has to know a topic that was made."""
_PAUSE = 0.1
_LEFT_OUT = (TopicAuthorizationFailedError, UnknownTopicOrPartitionError)

_REMEDIES: Final[Mapping[str, str]] = {
    "TopicAuthorizationFailedError": "Allow this user Create on it, or create it by hand",
    "InvalidTopicError": "Give it another name in the settings",
    "InvalidReplicationFactorError": "Lower NOTIFIER_KAFKA__REPLICATION_FACTOR, or add brokers",
    "InvalidPartitionsError": "Set NOTIFIER_KAFKA__PARTITIONS",
}
_BY_HAND = "Create it by hand"


class TopicAdmin(Admin):
    """An admin connection that looks after topics.

    Asking about a topic never creates it. Every method raises ``KafkaUnavailableError`` or
    ``KafkaRefusedError``.
    """

    async def create(
        self, wanted: Iterable[WantedTopic], replication_factor: int | None
    ) -> dict[str, TopicState]:
        """Create those that are not there; return all of them as they are afterwards.

        Args:
            replication_factor: Replicas of each new one; None takes the brokers' default.

        Raises:
            KafkaRefusedError: Not allowed, or impossible; the text names the remedy for each.
        """
        by_name = {topic.name: topic for topic in wanted}
        found = await self.topics(by_name)
        missing = [topic for name, topic in by_name.items() if name not in found]
        if not missing:
            return found
        if self._connection.embedded:
            await self._make_by_asking(missing)
        else:
            refused = await self.refusals(missing, replication_factor)
            if refused:
                raise KafkaRefusedError(_said(refused))
        found = await self._known(by_name)
        made = ", ".join(f"{topic.name} ({found[topic.name].partitions})" for topic in missing)
        log.info("created topics (partitions): %s", made)
        return found

    async def refusals(
        self,
        wanted: Iterable[WantedTopic],
        replication_factor: int | None,
        *,
        validate_only: bool = False,
    ) -> dict[str, tuple[str, str]]:
        """Ask for topics; return the reason and the remedy for each that was refused.

        Args:
            replication_factor: Replicas of each; None takes the brokers' default.
        """
        topics = [_new_topic(topic, replication_factor) for topic in wanted]
        with translated("create topics"):
            response = await self._client.create_topics(topics, validate_only=validate_only)
        return {
            name: _refusal(error, detail)
            for name, code, *detail in response.topic_errors
            if code and (error := for_code(code)) is not TopicAlreadyExistsError
        }

    async def _known(self, names: Collection[str]) -> dict[str, TopicState]:
        """Wait until the brokers know of topics that were made just now; return them."""
        deadline = asyncio.get_running_loop().time() + KNOWN_AFTER
        while True:
            found = await self.topics(names)
            if len(found) == len(names):
                return found
            if asyncio.get_running_loop().time() > deadline:
                missing = ", ".join(sorted(set(names) - found.keys()))
                raise KafkaUnavailableError(
                    f"new topics did not appear on Kafka in time: {missing}"
                )
            await asyncio.sleep(_PAUSE)

    async def _make_by_asking(self, topics: Iterable[WantedTopic]) -> None:
        """Make topics if there is no other way to: the embedded broker has none."""
        with translated("create topics"):
            await self._client._send_request(  # noqa: SLF001 - its own calls create nothing
                MetadataRequest([topic.name for topic in topics], True)
            )

    async def largest_record(self, topics: Collection[str]) -> int:
        """Return the largest batch in bytes that any of these topics takes."""
        if self._connection.embedded:
            return USUAL_MAX_MESSAGE_BYTES
        configs = await self.topic_configs(topics)
        sizes = [int(config["max.message.bytes"]) for config in configs.values()]
        return max(sizes, default=USUAL_MAX_MESSAGE_BYTES)

    async def topic_configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the settings in force by topic and name, of topics that show theirs."""
        wanted = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        configs: dict[str, dict[str, str]] = {}
        with translated("describe the settings of topics"):
            for response in await self._client.describe_configs(wanted):
                for code, _, _, topic, entries in response.resources:
                    error = for_code(code)
                    if error is NoError:
                        configs[topic] = {name: value for name, value, *_ in entries}
                    elif error not in _LEFT_OUT:
                        raise error(topic)
        return configs

    async def alter(self, settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Change settings of topics; return why by topic, for those that were refused."""
        try:
            with translated("change the settings of topics"):
                response = await self._client._send_request(alter_topic_settings(settings))  # noqa: SLF001 - it has no public way to a raw request
        except KafkaRefusedError as unknown:  # to brokers before Kafka 2.3
            return dict.fromkeys(settings, str(unknown))
        return {
            topic: "this user may not change it: allow it AlterConfigs on the topic"
            if (error := for_code(code)) is TopicAuthorizationFailedError
            else f"Kafka did not change it: {describe(error(message or ''))}"
            for code, message, _, topic in response.responses
            if code
        }

    async def prove_writable(self, topics: Collection[str]) -> None:
        """Ask whether this user may write to topics, without writing anything.

        Raises:
            KafkaRefusedError: It may not; the text names the right and each topic without it.
        """
        if self._connection.embedded:
            return
        with translated("say whether topics can be written"):
            closed = await denied(self._client, Right.WRITE, topics)
        if closed:
            raise KafkaRefusedError(
                f"Kafka does not let this user write to {', '.join(sorted(closed))}:"
                " allow it Write on each"
            )


def _said(refused: Mapping[str, tuple[str, str]]) -> str:
    """Describe refusals; those with one reason are told together."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for name, reason in sorted(refused.items()):
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(
        f"Kafka refused to create {', '.join(names)}: {why}. {remedy}"
        for (why, remedy), names in by_reason.items()
    )


def _refusal(error: type[KafkaError], detail: list[Any]) -> tuple[str, str]:
    """Return why a topic was refused, in Kafka's words as far as it gave any, and the remedy."""
    said = next((str(part) for part in detail if part), "")
    why = describe(error(said) if said else error())
    return why.rstrip("."), _REMEDIES.get(error.__name__, _BY_HAND)


def _new_topic(topic: WantedTopic, replication_factor: int | None) -> NewTopic:
    if replication_factor is not None:
        return NewTopic(
            topic.name, topic.partitions, replication_factor, topic_configs=topic.config
        )
    # With empty assignments aiokafka passes -1 on, which leaves the factor to the brokers.
    return NewTopic(
        topic.name, topic.partitions, -1, replica_assignments={}, topic_configs=topic.config
    )
