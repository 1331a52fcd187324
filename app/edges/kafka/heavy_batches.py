"""Batches that unpack to very much: aiokafka would unpack them on the event loop."""

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from app.edges.kafka.message_set import packed, read_message
from app.edges.kafka.unpacking import most_unpacked

LIGHT: Final = 4 * 1024 * 1024
"""Bytes; to unpack so many takes two hundredths of a second."""
MOST: Final = 80 * 1024 * 1024
"""Bytes; somewhat more than this service ever writes in one batch."""

_LENGTH = struct.Struct(">i")
_LENGTH_AT, _OVERHEAD, _MAGIC_AT, _ATTRIBUTES_AT, _HEAD = 8, 12, 16, 22, 61
_CURRENT = 2
_CODEC = 0x07


class _Packed(NamedTuple):
    start: int
    end: int
    compression: int
    data: memoryview


def without_heavy(data: bytes, most: int) -> bytes:
    """Return the batches before the first that may unpack to more than so many bytes.

    Where that is the very first, its head alone: aiokafka takes it for too large to be fetched.

    Args:
        data: Batches, the last one perhaps cut off.
    """
    for batch in _batches(memoryview(data)):
        if batch.compression and most_unpacked(batch.compression, batch.data, most) > most:
            return data[: batch.start] or data[:_HEAD]
    return data


def unpacks_to(data: bytes) -> int:
    """Return how many bytes the first batch unpacks to at most, counted to a little above MOST."""
    for batch in _batches(memoryview(data)):
        return most_unpacked(batch.compression, batch.data, MOST)
    return 0


def lighten(answer: Any, most: int) -> None:
    """Take out of an answer to a fetch the batches that may unpack to more than so many bytes."""
    answer.topics = [
        (
            topic,
            [(*told, without_heavy(data, most) if data else data) for *told, data in partitions],
        )
        for topic, partitions in answer.topics
    ]


def _batches(data: memoryview) -> Iterator[_Packed]:
    at = 0
    while len(data) - at > _MAGIC_AT:
        if data[at + _MAGIC_AT] < _CURRENT:
            message = read_message(data[at:])
            if message is None:
                return
            compression, value = packed(message)
            yield _Packed(at, at + message.end, compression, value)
            at += message.end
            continue
        end = at + _OVERHEAD + _LENGTH.unpack_from(data, at + _LENGTH_AT)[0]
        if not at + _HEAD <= end <= len(data):
            return
        compression = data[at + _ATTRIBUTES_AT] & _CODEC
        yield _Packed(at, end, compression, data[at + _HEAD : end])
        at = end
