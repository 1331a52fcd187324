"""A group's committed offsets, looked at and changed from outside the group."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import TopicPartition as Theirs
from aiokafka.errors import (
    CommitFailedError,
    GroupAuthorizationFailedError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

from app.edges.kafka.admin import Admin
from app.edges.kafka.client import new_consumer
from app.edges.kafka.closing import close_consumer
from app.edges.kafka.errors import translated
from app.edges.kafka.offset_commits import OffsetCommits
from app.edges.kafka.partition_logs import PartitionLogs
from app.edges.kafka.protocol import RawRequest, by_topic, form_of
from app.policies.books.ledger import Commit
from app.values.errors import KafkaRefusedError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0
_NO_SUCH_GROUP = 69
_NON_EMPTY_GROUP = 68
_SUBSCRIBED = 86


_STRING = String("utf-8")
_OFFSET_DELETE = form_of(  # KIP-496
    47,
    0,
    Schema(
        ("group_id", _STRING), ("topics", Array(("topic", _STRING), ("partitions", Array(Int32))))
    ),
    Schema(
        ("error_code", Int16),
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", _STRING),
                ("partitions", Array(("partition", Int32), ("error_code", Int16))),
            ),
        ),
    ),
    flexible=False,
)


class GroupHasMembersError(Exception):
    """The group has members, which alone may change its offsets."""


class GroupOffsets(Admin):
    """An admin connection that sees to the offsets of a group; use it as a context manager.

    Every method raises ``KafkaUnavailableError`` or ``KafkaRefusedError``.
    """

    @property
    def logs(self) -> PartitionLogs:
        """Tells about the logs of partitions that it has been told to learn of."""
        return PartitionLogs(self._client._client)  # noqa: SLF001 - it has no public way to a raw request

    async def commit(self, group_id: str, commits: Mapping[TopicPartition, Commit]) -> None:
        """Commit for a group, except for topics that this user may not read.

        Raises:
            GroupHasMembersError: Kafka takes such a commit only while it has none.
        """
        client = new_consumer(
            self._connection, group_id=group_id, enable_auto_commit=False, auto_offset_reset="none"
        )
        try:
            with translated("commit where the group begins"):
                await client.start()
                client.assign([Theirs(*partition) for partition in commits])
                try:
                    refused = await OffsetCommits(client).commit(commits)
                except (CommitFailedError, UnknownMemberIdError) as error:
                    raise GroupHasMembersError(group_id) from error
            if refused:
                log.warning(
                    "Kafka takes no commit for topics that may not be read: %s",
                    ", ".join(sorted(refused)),
                )
        finally:
            await close_consumer(client, CLOSE_TIMEOUT)

    async def forget(self, group_id: str, partitions: Collection[TopicPartition]) -> None:
        """Make Kafka forget a group's commits for partitions.

        Raises:
            GroupHasMembersError: Kafka forgets nothing that a member consumes.
        """
        if not partitions:
            return
        client = self._client._client  # noqa: SLF001 - as above
        with translated(f"forget offsets of the group {group_id}"):
            coordinator = await self._client.find_coordinator(group_id)
            request = RawRequest(_OFFSET_DELETE, group_id, list(by_topic(partitions).items()))
            answer: Any = await client.send(coordinator, request)
            codes = {code for _, told in answer.topics for _, code in told} | {answer.error_code}
            if codes & {_NON_EMPTY_GROUP, _SUBSCRIBED}:
                raise GroupHasMembersError(group_id)
            for code in codes - {0, _NO_SUCH_GROUP}:
                if for_code(code) is GroupAuthorizationFailedError:
                    raise KafkaRefusedError(
                        f"Kafka does not let this user forget offsets of the group {group_id}:"
                        " allow it Delete on it, and Read on the topics"
                    )
                raise for_code(code)(group_id)
