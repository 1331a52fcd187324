"""Messages of Kafka's first two formats: read like any others, wherever they stand."""

import struct
import zlib

import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode
from hypothesis import given
from hypothesis import strategies as st

from app.edges.kafka.message_set import xxh32
from app.edges.kafka.record_batch import Stretch, is_sound, read_batch
from app.values.record import Record, TopicPartition

PARTITION = TopicPartition("notifications", 0)
TIME = 1_500_000_000_000  # milliseconds
APPEND_TIME = 0x08
CODECS = {1: gzip_encode, 2: snappy_encode, 3: lz4_encode}


def message(
    offset: int,
    value: bytes | None,
    *,
    magic: int,
    key: bytes | None = b"key",
    attributes: int = 0,
    timestamp: int = TIME,
) -> bytes:
    """Return one message, sound unless it is changed afterwards."""
    body = struct.pack(">bb", magic, attributes)
    if magic:
        body += struct.pack(">q", timestamp)
    for part in (key, value):
        body += struct.pack(">i", -1 if part is None else len(part)) + (part or b"")
    return struct.pack(">qiI", offset, 4 + len(body), zlib.crc32(body)) + body


def wrapper(last: int, inner: bytes, *, magic: int, compression: int, attributes: int = 0) -> bytes:
    """Return a wrapper of compressed messages; ``last`` is its last message's offset."""
    packed = CODECS[compression](inner)
    if compression == 3 and magic == 0:  # as Kafka 0.8 and 0.9 wrote it
        packed = packed[:6] + bytes([xxh32(packed[:6]) >> 8 & 0xFF]) + packed[7:]
    return message(
        last, packed, magic=magic, key=None, attributes=attributes | compression, timestamp=TIME + 9
    )


def read(position: int, data: bytes) -> Stretch:
    """Return what stands at a position; there has to be something."""
    stretch = read_batch(PARTITION, position, data)
    assert stretch is not None
    return stretch


@pytest.mark.parametrize(("magic", "timestamp"), [(0, -0.001), (1, TIME / 1000)])
def test_a_message_by_itself_is_a_record(magic: int, timestamp: float) -> None:
    """Key, value and offset; the oldest format knows no time."""
    data = message(7, b"value", magic=magic) + message(8, b"next", magic=magic)
    assert is_sound(data)
    assert read(7, data) == Stretch([Record(PARTITION, 7, timestamp, b"key", b"value")], 8)


@pytest.mark.parametrize("magic", [0, 1])
def test_a_message_may_have_neither_key_nor_value(magic: int) -> None:
    """A tombstone is one in every format."""
    (record,) = read(0, message(0, None, magic=magic, key=None)).records
    assert (record.key, record.value, record.unreadable) == (None, None, None)


@pytest.mark.parametrize("compression", CODECS)
def test_wrapped_messages_count_from_the_first_of_their_wrapper(compression: int) -> None:
    """Format 1: the wrapper has the last one's offset; compaction may have taken some away."""
    inner = b"".join(message(number, b"%d" % number, magic=1) for number in (0, 2, 3))
    data = wrapper(103, inner, magic=1, compression=compression)
    assert is_sound(data)
    stretch = read(100, data)
    assert [(each.offset, each.value) for each in stretch.records] == [
        (100, b"0"),
        (102, b"2"),
        (103, b"3"),
    ]
    assert {each.timestamp for each in stretch.records} == {TIME / 1000}
    assert stretch.next_offset == 104


@pytest.mark.parametrize("compression", CODECS)
def test_wrapped_messages_of_the_oldest_format_have_offsets_of_their_own(compression: int) -> None:
    """LZ4 too, whose frames had a check sum of their own kind then."""
    inner = b"".join(message(number, b"%d" % number, magic=0) for number in (100, 101))
    stretch = read(100, wrapper(101, inner, magic=0, compression=compression))
    assert [(each.offset, each.value) for each in stretch.records] == [(100, b"100"), (101, b"101")]
    assert stretch.next_offset == 102


def test_begins_at_the_position_within_a_wrapper() -> None:
    """What was handed over before is not handed over again."""
    inner = b"".join(message(number, b"%d" % number, magic=1) for number in range(3))
    stretch = read(12, wrapper(12, inner, magic=1, compression=1))
    assert [(each.offset, each.value) for each in stretch.records] == [(12, b"2")]


def test_append_time_is_the_wrappers_own() -> None:
    """A topic that stamps by itself has one time for the whole wrapper."""
    inner = message(0, b"a", magic=1) + message(1, b"b", magic=1)
    data = wrapper(1, inner, magic=1, compression=1, attributes=APPEND_TIME)
    assert {each.timestamp for each in read(0, data).records} == {(TIME + 9) / 1000}


def test_a_wrong_check_sum_is_one_unreadable_record() -> None:
    """It holds all the bytes; the next message has its turn."""
    data = bytearray(message(5, b"value", magic=1))
    data[-1] ^= 0xFF
    assert not is_sound(bytes(data))
    stretch = read(5, bytes(data) + message(6, b"next", magic=1))
    (record,) = stretch.records
    assert (record.offset, record.value, stretch.next_offset) == (5, bytes(data), 6)
    assert "check sum" in (record.unreadable or "")


@pytest.mark.parametrize(
    "data",
    [
        message(5, b"x", magic=1, attributes=1),
        message(5, None, magic=1, attributes=1),
        wrapper(5, b"", magic=1, compression=1),
        wrapper(5, message(5, b"x", magic=1)[:-1], magic=1, compression=1),
        message(5, b"x", magic=1, attributes=7),
    ],
    ids=["no gzip", "no value", "empty", "cut off inside", "no such codec"],
)
def test_what_cannot_be_unpacked_is_one_unreadable_record(data: bytes) -> None:
    """Its wrapper's offset is passed all the same."""
    stretch = read(5, data)
    assert stretch.next_offset == 6
    assert "cannot be decoded" in (stretch.records[0].unreadable or "")


def test_a_length_that_leads_out_of_a_message_is_noticed() -> None:
    """Its check sum is right, and what it says of its value is not."""
    body = struct.pack(">bbqii", 1, 0, TIME, -1, 50) + b"short"
    data = struct.pack(">qiI", 5, 4 + len(body), zlib.crc32(body)) + body
    assert "cannot be decoded" in (read(5, data).records[0].unreadable or "")


@pytest.mark.parametrize(
    "data",
    [message(5, b"value", magic=1)[:-1], message(5, b"v", magic=0)[:17], message(4, b"v", magic=1)],
    ids=["cut off", "no head", "below the position"],
)
def test_what_is_not_there_as_a_whole_takes_one_offset(data: bytes) -> None:
    """Nobody knows how far it reaches: the next offset is asked for."""
    stretch = read(5, data)
    assert stretch.next_offset == 6
    assert stretch.records[0].unreadable


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0x02CC5D05), (b"a", 0x550D7456), (b"abc", 0x32D153FF)],
)
def test_the_check_sum_of_lz4_heads_is_xxhash(data: bytes, expected: int) -> None:
    """As its reference implementation has it."""
    assert xxh32(data) == expected


@given(st.binary(max_size=60), st.integers(0, 1), st.integers(0, 2**40), st.integers(0, 2**63 - 1))
def test_whatever_the_bytes_it_goes_on(
    noise: bytes, magic: int, position: int, offset: int
) -> None:
    """No input stops it, and the next offset is always behind every record."""
    for data in (
        message(offset, noise, magic=magic),
        message(offset, noise, magic=magic, attributes=1),
        wrapper(offset, noise, magic=magic, compression=1),
        wrapper(position, message(offset, noise, magic=magic), magic=magic, compression=1),
    ):
        stretch = read(position, data)
        assert stretch.next_offset > position
        assert all(position <= each.offset < stretch.next_offset for each in stretch.records)
