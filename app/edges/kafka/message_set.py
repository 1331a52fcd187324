"""Messages of Kafka's first two formats (magic 0 and 1), which brokers keep as they were written.

A message stands by itself, or is the wrapper of compressed ones. Form: Kafka's protocol guide,
"Message sets". Differences that matter here:

* A wrapper has the offset of its last message. Within it magic 0 has offsets as in the log, magic 1
  counts from the first message that was ever in it.
* Magic 0 knows no time.
* With magic 0, LZ4 frames have the check sum of their head over too many bytes (KAFKA-3160).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import codec

from app.values.record import Record, TopicPartition

_HEAD = struct.Struct(">qiIbb")
_LENGTH = struct.Struct(">i")
_TIME = struct.Struct(">q")
_OVERHEAD = 12  # bytes before what "length" counts
_CRC_FROM = 16  # the check sum covers everything from the magic on
_CODEC, _APPEND_TIME = 0x07, 0x08
_LZ4 = 3
_DECODERS = {1: codec.gzip_decode, 2: codec.snappy_decode, _LZ4: codec.lz4_decode}
_NO_TIME = -1
_MASK = 0xFFFFFFFF


class Message(NamedTuple):
    """One message, perhaps the wrapper of others."""

    offset: int  # of a wrapper, its last message's
    sound: bool
    magic: int
    attributes: int
    timestamp: int  # milliseconds since the epoch; -1 for none
    body: memoryview  # key and value
    end: int  # how many bytes it takes


def read_message(data: memoryview) -> Message | None:
    """Read the first message, or return None if it is not there as a whole."""
    if len(data) < _HEAD.size:
        return None
    offset, length, crc, magic, attributes = _HEAD.unpack_from(data)
    end, body_at = _OVERHEAD + length, _HEAD.size + (_TIME.size if magic else 0)
    if not body_at <= end <= len(data):
        return None
    timestamp = _TIME.unpack_from(data, _HEAD.size)[0] if magic else _NO_TIME
    sound = zlib.crc32(data[_CRC_FROM:end]) == crc
    return Message(offset, sound, magic, attributes, timestamp, data[body_at:end], end)


def packed(message: Message) -> tuple[int, memoryview]:
    """Return how a wrapper's messages are compressed, 0 for a message by itself, and its value."""
    compression = message.attributes & _CODEC
    body, value_at = message.body, _LENGTH.size
    if not compression or len(body) < _LENGTH.size:
        return 0, body
    value_at += max(_LENGTH.unpack_from(body)[0], 0) + _LENGTH.size
    return compression, body[value_at:]


def messages(partition: TopicPartition, message: Message) -> Iterator[Record]:
    """Yield the messages inside one, or the message itself.

    Raises:
        Exception: It cannot be decoded, in any of many ways.
    """
    key, value = _key_and_value(message.body)
    compression = message.attributes & _CODEC
    if not compression:
        yield Record(partition, message.offset, message.timestamp / 1000, key, value)
        return
    if value is None:
        raise ValueError("compressed, and without a value")
    if compression == _LZ4 and message.magic == 0:
        value = _with_head_checked(value)
    wrapped = [*_each(memoryview(_DECODERS[compression](value)))]
    shift = message.offset - wrapped[-1].offset if message.magic else 0
    late = message.attributes & _APPEND_TIME
    for each in wrapped:
        timestamp = message.timestamp if late else each.timestamp
        yield Record(partition, each.offset + shift, timestamp / 1000, *_key_and_value(each.body))


def _each(data: memoryview) -> Iterator[Message]:
    while data:
        message = read_message(data)
        if message is None:
            raise ValueError("a length leads out of the batch")
        yield message
        data = data[message.end :]


def _key_and_value(body: memoryview) -> tuple[bytes | None, bytes | None]:
    key, at = _nullable(body, 0)
    value, _ = _nullable(body, at)
    return key, value


def _nullable(body: memoryview, at: int) -> tuple[bytes | None, int]:
    (length,) = struct.unpack_from(">i", body, at)
    at += 4
    if length < 0:
        return None, at
    if at + length > len(body):
        raise ValueError("a length leads out of the batch")
    return bytes(body[at : at + length]), at + length


def _with_head_checked(frame: bytes) -> bytes:
    """Give an LZ4 frame the check sum of its head that it ought to have."""
    has_size = frame[4] & 0x08
    end = 14 if has_size else 6
    return frame[:end] + bytes([xxh32(frame[4:end]) >> 8 & 0xFF]) + frame[end + 1 :]


def xxh32(data: bytes) -> int:
    """Return the xxHash32 of less than 16 bytes, such as the head of an LZ4 frame."""
    state = 0x165667B1 + len(data)
    at = 0
    while len(data) - at >= 4:
        (word,) = struct.unpack_from("<I", data, at)
        state = _rotated(state + word * 0xC2B2AE3D, 17) * 0x27D4EB2F & _MASK
        at += 4
    for byte in data[at:]:
        state = _rotated(state + byte * 0x165667B1, 11) * 0x9E3779B1 & _MASK
    for shift, factor in ((15, 0x85EBCA77), (13, 0xC2B2AE3D)):
        state = (state ^ state >> shift) * factor & _MASK
    return state ^ state >> 16


def _rotated(word: int, bits: int) -> int:
    word &= _MASK
    return word << bits | word >> 32 - bits
