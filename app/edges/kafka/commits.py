"""Commits of offsets, one at a time and each with an end.

aiokafka 0.14's ``commit`` retries for ever, and one that is cancelled stays under way: every commit
has a time-out after which it is not waited for, and there is never a second one beside it.
"""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata
from aiokafka import TopicPartition as Theirs
from aiokafka import errors as kafka

from app.edges.kafka.errors import translated
from app.policies.books.commit_metadata import LONGEST
from app.policies.books.ledger import Commit
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

Offsets = Mapping[Theirs, OffsetAndMetadata]


class Commits:
    """Commits for one member of a group.

    Args:
        client: The member.
    """

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self._client = client
        self._committing: asyncio.Task[frozenset[str]] | None = None

    async def commit(
        self, commits: Mapping[TopicPartition, Commit], timeout: float
    ) -> frozenset[str]:
        """Commit, or raise after ``timeout`` seconds; then the commit may still come to pass.

        Returns:
            The topics for which this user may not commit; all others are committed.

        Raises:
            KafkaUnavailableError: Not acknowledged, or the partitions are somebody else's by now.
            KafkaRefusedError: Not allowed.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        if not await self.ended(timeout):
            raise KafkaUnavailableError("Kafka did not acknowledge an earlier commit yet")
        offsets = {
            Theirs(*partition): OffsetAndMetadata(each.offset, each.metadata)
            for partition, each in commits.items()
        }
        committing = self._committing = asyncio.create_task(self._commit(offsets), name="commit")
        left = deadline - asyncio.get_running_loop().time()
        await asyncio.wait({committing}, timeout=max(left, 0.0))
        if not committing.done():
            raise KafkaUnavailableError("Kafka did not acknowledge a commit: no answer in time")
        return await committing

    async def ended(self, timeout: float) -> bool:
        """Wait for a commit under way, at most ``timeout`` seconds; say whether there is none."""
        committing = self._committing
        if committing is None or committing.done():
            return True
        await asyncio.wait({committing}, timeout=timeout)
        return committing.done()

    def abandon(self) -> None:
        """Try a commit no further that is not acknowledged."""
        if self._committing is not None:
            self._committing.cancel()
            self._committing = None

    async def _commit(self, offsets: Offsets) -> frozenset[str]:
        with translated("acknowledge a commit"):
            # The refusal names no partition: leave out long metadata first, then all of it.
            for longest in (LONGEST, 0):
                try:
                    return await self._send(offsets)
                except (kafka.OffsetMetadataTooLargeError, kafka.InvalidCommitOffsetSizeError):
                    log.warning("the broker takes no commit metadata of this size: leaving it out")
                    offsets = _without_metadata(offsets, longest)
            return await self._send(offsets)

    async def _send(self, offsets: Offsets) -> frozenset[str]:
        try:
            await self._client.commit(offsets)
        except kafka.TopicAuthorizationFailedError as error:
            return frozenset(error.args[0])  # Kafka has taken the others
        return frozenset()


def _without_metadata(offsets: Offsets, longest: int) -> Offsets:
    """Leave out metadata that is longer than the broker takes."""
    return {
        partition: each if len(each.metadata) <= longest else OffsetAndMetadata(each.offset, "")
        for partition, each in offsets.items()
    }
