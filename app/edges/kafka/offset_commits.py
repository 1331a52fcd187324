"""Offsets, committed in requests that the broker takes.

It keeps what one request commits as one batch in ``__consumer_offsets``, and refuses what is larger
than a batch may be there (``max.message.bytes``, 1 MB unless the brokers' ``message.max.bytes`` is
another): InvalidCommitOffsetSizeError up to Kafka 3, UnknownError from 4.0 on.
"""

import logging
from collections.abc import Iterator, Mapping
from itertools import islice

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata
from aiokafka import TopicPartition as Theirs
from aiokafka import errors as kafka

from app.policies.books.commit_metadata import LONGEST
from app.policies.books.ledger import Commit
from app.values.record import TopicPartition

log = logging.getLogger(__name__)

Offsets = Mapping[Theirs, OffsetAndMetadata]

AT_ONCE = 500_000
"""Bytes of a batch, about, that are tried first."""
_BESIDE = 150
"""Bytes of an offset in the batch, beside the topic's name and the metadata."""


class OffsetCommits:
    """Commits offsets by one member of a group.

    Every method raises aiokafka's errors.
    """

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self._client = client
        self._at_once = AT_ONCE

    async def commit(self, commits: Mapping[TopicPartition, Commit]) -> frozenset[str]:
        """Commit, in several requests if one would be too large; some may be taken, others not.

        Returns:
            The topics for which this user may not commit; all others are committed.
        """
        refused: frozenset[str] = frozenset()
        offsets = {
            Theirs(*partition): OffsetAndMetadata(each.offset, each.metadata)
            for partition, each in commits.items()
        }
        for portion in _portions(offsets, self._at_once):
            refused |= await self._commit(portion)
        return refused

    async def _commit(self, offsets: Offsets) -> frozenset[str]:
        try:
            return await self._send(offsets)
        except kafka.OffsetMetadataTooLargeError:
            less = _with_less_metadata(offsets)
            if less == offsets:
                raise
        except (kafka.InvalidCommitOffsetSizeError, kafka.UnknownError):
            half = _size(offsets) // 2
            if len(offsets) > 1:
                first, second = (
                    islice(offsets.items(), 0, None, 2),
                    islice(offsets.items(), 1, None, 2),
                )
                refused = await self._commit(dict(first)) | await self._commit(dict(second))
                self._at_once = min(self._at_once, half)  # it was that
                return refused
            less = _with_less_metadata(offsets)
            if less == offsets:
                raise
        log.warning("the broker takes no commit metadata of this size: leaving it out")
        return await self._commit(less)

    async def _send(self, offsets: Offsets) -> frozenset[str]:
        try:
            await self._client.commit(offsets)
        except kafka.TopicAuthorizationFailedError as error:
            return frozenset(error.args[0])  # Kafka has taken the others
        return frozenset()


def _portions(offsets: Offsets, most: int) -> Iterator[Offsets]:
    """Divide what is to be committed into what is small enough, one partition at least."""
    portion: dict[Theirs, OffsetAndMetadata] = {}
    size = 0
    for partition, each in offsets.items():
        size += _size({partition: each})
        if portion and size > most:
            yield portion
            portion, size = {}, _size({partition: each})
        portion[partition] = each
    if portion:
        yield portion


def _size(offsets: Offsets) -> int:
    return sum(
        len(partition.topic) + len(each.metadata) + _BESIDE for partition, each in offsets.items()
    )


def _with_less_metadata(offsets: Offsets) -> Offsets:
    """Leave out metadata that is long for any broker, or else all of it.

    The refusal names no partition.
    """
    longest = LONGEST if any(len(each.metadata) > LONGEST for each in offsets.values()) else 0
    return {
        partition: each if len(each.metadata) <= longest else OffsetAndMetadata(each.offset, "")
        for partition, each in offsets.items()
    }
