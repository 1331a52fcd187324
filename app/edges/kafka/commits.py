"""Commits of offsets, one at a time and each with an end.

aiokafka 0.14's ``commit`` retries for ever, and one that is cancelled stays under way: every commit
has a time-out after which it is not waited for, and there is never a second one beside it.
"""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer

from app.edges.kafka.errors import translated
from app.edges.kafka.offset_commits import OffsetCommits
from app.policies.books.ledger import Commit
from app.values.errors import KafkaUnavailableError
from app.values.record import TopicPartition


class Commits:
    """Commits for one member of a group."""

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self._offsets = OffsetCommits(client)
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
        committing = self._committing = asyncio.create_task(self._commit(commits), name="commit")
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

    async def _commit(self, commits: Mapping[TopicPartition, Commit]) -> frozenset[str]:
        with translated("acknowledge a commit"):
            return await self._offsets.commit(commits)
