"""Record batches that aiokafka cannot decode, read as far as they can be.

aiokafka 0.14 gives up on a whole partition, for ever, if a header's name is not UTF-8 or a batch is
corrupt. This decoder is for those batches and for their neighbours: it takes such names as they
are, and hands over as it is what cannot be read at all. Form: Kafka's protocol guide, "Record
Batch"; older ones are in ``message_set``.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import codec
from aiokafka.record.util import calc_crc32c

from app.edges.kafka.heavy_batches import MOST, unpacks_to
from app.edges.kafka.message_set import messages, read_message
from app.values.record import Headers, Record, TopicPartition

_HEADER = struct.Struct(">qiibIhiqqqhii")
_OVERHEAD = 12  # bytes before what "length" counts
_CRC_FROM = 21  # the check sum covers everything from the attributes on
_MAGIC_AT = 16
_CURRENT = 2  # the record format; everything older is a message set
_CODEC, _APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_DECODERS = {
    0: bytes,
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}
MOST_RECORDS = 500
_TOO_MUCH = f"its batch unpacks to more than {MOST // 1024**2} MiB"


class Stretch(NamedTuple):
    """The records of a partition from a position on."""

    records: list[Record]  # in order; an unreadable one stands for everything up to ``next_offset``
    next_offset: int


class _Batch(NamedTuple):
    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int


def read_batch(
    partition: TopicPartition,
    position: int,
    data: bytes,
    aborted: frozenset[tuple[int, int]] = frozenset(),
    most: int = MOST_RECORDS,
) -> Stretch | None:
    """Read the first batch of a fetch's data; may take long.

    Args:
        position: The offset that was asked for; the batch may begin below it.
        data: Batches, the last one perhaps cut off.
        aborted: Producer id and first offset of the aborted transactions of the fetch.

    Returns:
        None if there is no batch.
    """
    if not data:
        return None
    if _is_old(data):
        return _read_message(partition, position, data, most)
    return _read_current(partition, position, data, aborted, most)


def is_sound(data: bytes) -> bool:
    """Say whether the first batch is there as a whole with the right check sum."""
    if _is_old(data):
        message = read_message(memoryview(data))
        return message is not None and message.sound
    if len(data) < _HEADER.size or data[_MAGIC_AT] != _CURRENT:
        return False
    head = _Batch._make(_HEADER.unpack_from(data))
    end = _OVERHEAD + head.length
    return end <= len(data) and calc_crc32c(data[_CRC_FROM:end]) == head.crc


def _is_old(data: bytes) -> bool:
    return len(data) > _MAGIC_AT and data[_MAGIC_AT] < _CURRENT


def _read_current(
    partition: TopicPartition,
    position: int,
    data: bytes,
    aborted: frozenset[tuple[int, int]],
    most: int,
) -> Stretch:
    if len(data) < _HEADER.size or data[_MAGIC_AT] != _CURRENT:
        return _unreadable(partition, position, data, position + 1, "its batch has no usable head")
    head = _Batch._make(_HEADER.unpack_from(data))
    end = _OVERHEAD + head.length
    next_offset = head.base_offset + head.last_offset_delta + 1
    if not _HEADER.size <= end <= len(data) or next_offset <= position:
        return _unreadable(partition, position, data, position + 1, "its batch is cut off")
    batch = data[:end]
    if calc_crc32c(batch[_CRC_FROM:]) != head.crc:
        return _unreadable(
            partition, position, batch, next_offset, "the check sum of its batch is wrong"
        )
    if head.attributes & _CONTROL or _is_aborted(head, aborted):
        return Stretch([], next_offset)
    if unpacks_to(batch) > MOST:
        return _unreadable(partition, position, batch, next_offset, _TOO_MUCH)
    each = _each(partition, head, batch)
    return _records(partition, position, each, batch, next_offset, most)


def _is_aborted(head: _Batch, aborted: frozenset[tuple[int, int]]) -> bool:
    """Say whether a batch belongs to an aborted transaction.

    A fetch names only those that end behind its first offset: for its first batch, those of the
    same producer that began before it are it.
    """
    return bool(head.attributes & _TRANSACTIONAL) and any(
        producer_id == head.producer_id and first <= head.base_offset
        for producer_id, first in aborted
    )


def _read_message(partition: TopicPartition, position: int, data: bytes, most: int) -> Stretch:
    message = read_message(memoryview(data))
    if message is None or message.offset < position:
        return _unreadable(partition, position, data, position + 1, "its message is cut off")
    next_offset = message.offset + 1
    own = data[: message.end]
    if not message.sound:
        problem = "the check sum of its message is wrong"
        return _unreadable(partition, position, own, next_offset, problem)
    if unpacks_to(own) > MOST:
        return _unreadable(partition, position, own, next_offset, _TOO_MUCH)
    return _records(partition, position, messages(partition, message), own, next_offset, most)


def _records(
    partition: TopicPartition,
    position: int,
    decoded: Iterator[Record],
    batch: bytes,
    next_offset: int,
    most: int,
) -> Stretch:
    records: list[Record] = []
    reached = position
    try:
        for record in decoded:
            if len(records) == most:
                return Stretch(records, record.offset)
            if reached <= record.offset < next_offset:
                records.append(record)
                reached = record.offset + 1
    except Exception as error:  # noqa: BLE001 - decoders raise anything
        problem = f"its batch cannot be decoded ({type(error).__name__})"
        rest = _unreadable(partition, reached, batch, next_offset, problem)
        return Stretch(records + rest.records, next_offset)
    return Stretch(records, next_offset)


def _each(partition: TopicPartition, head: _Batch, batch: bytes) -> Iterator[Record]:
    body = memoryview(_DECODERS[head.attributes & _CODEC](batch[_HEADER.size :]))
    at = 0
    for _ in range(head.records):
        length, at = _varint(body, at)
        end = at + length
        delta_at = at + 1  # past the attributes, which mean nothing yet
        timestamp_delta, at = _varint(body, delta_at)
        offset_delta, at = _varint(body, at)
        key, at = _nullable(body, at)
        value, at = _nullable(body, at)
        headers, at = _headers(body, at)
        if at != end or end > len(body):
            raise ValueError("lengths contradict each other")
        late = head.attributes & _APPEND_TIME
        timestamp = head.max_timestamp if late else head.first_timestamp + timestamp_delta
        yield Record(
            partition, head.base_offset + offset_delta, timestamp / 1000, key, value, headers
        )


def _headers(body: memoryview, at: int) -> tuple[Headers, int]:
    count, at = _varint(body, at)
    headers = []
    for _ in range(count):
        name, at = _nullable(body, at)
        value, at = _nullable(body, at)
        headers.append(((name or b"").decode("utf-8", "backslashreplace"), value))
    return tuple(headers), at


def _nullable(body: memoryview, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(body, at)
    if length < 0:
        return None, at
    if at + length > len(body):
        raise ValueError("a length leads out of the batch")
    return bytes(body[at : at + length]), at + length


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")


def _unreadable(
    partition: TopicPartition, position: int, data: bytes, next_offset: int, problem: str
) -> Stretch:
    record = Record(partition, position, 0.0, None, data, (), unreadable=problem)
    return Stretch([record], next_offset)
