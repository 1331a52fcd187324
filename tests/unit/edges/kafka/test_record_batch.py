"""Batches that aiokafka gives up on: read as far as they can be, and never in the way."""

import random
import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from app.edges.kafka.record_batch import is_sound, read_batch
from app.values.record import Headers, TopicPartition

PARTITION = TopicPartition("notifications", 0)
CRC_AT, ATTRIBUTES_AT, LAST_DELTA_AT = 17, 21, 23
TRANSACTIONAL, CONTROL, APPEND_TIME = 0x10, 0x20, 0x08
Entry = tuple[bytes | None, bytes | None, Headers]


def batch(
    *entries: Entry, base: int = 0, compression: int = 0, attributes: int = 0, producer: int = -1
) -> bytes:
    """Return a batch with these records, sound unless it is changed afterwards."""
    epoch = -1 if producer < 0 else 0
    builder = DefaultRecordBatchBuilder(
        2, compression, bool(attributes & TRANSACTIONAL), producer, epoch, -1, 10_000_000
    )
    for number, (key, value, headers) in enumerate(entries):
        assert builder.append(number, 1000 + number, key, value, list(headers))
    made = bytearray(builder.build())
    struct.pack_into(">q", made, 0, base)
    (written,) = struct.unpack_from(">h", made, ATTRIBUTES_AT)
    struct.pack_into(">h", made, ATTRIBUTES_AT, written | attributes)
    return sealed(made)


def sealed(data: bytes | bytearray) -> bytes:
    """Return the batch with the check sum it ought to have."""
    made = bytearray(data)
    struct.pack_into(">I", made, CRC_AT, calc_crc32c(bytes(made[ATTRIBUTES_AT:])))
    return bytes(made)


ONE: Entry = (b"key", b"value", (("name", b"text"),))


@pytest.mark.parametrize("compression", [0, 1, 2, 3, 4])
def test_reads_what_aiokafka_wrote(compression: int) -> None:
    """Keys, values, headers, times and offsets, whatever the compression."""
    data = batch(ONE, (None, None, ()), (b"", b"", (("n", None),)), compression=compression)
    assert is_sound(data)
    stretch = read_batch(PARTITION, 0, data)
    assert stretch is not None
    assert stretch.next_offset == 3
    first, second, third = stretch.records
    assert (first.key, first.value, first.headers) == ONE
    assert (first.offset, first.timestamp, first.unreadable) == (0, 1.0, None)
    assert (second.key, second.value, second.timestamp) == (None, None, 1.001)
    assert third.headers == (("n", None),)


def test_a_header_name_that_is_not_utf8_is_escaped() -> None:
    """The record is as good as any other."""
    data = sealed(batch((b"k", b"v", (("##", b"x"),)), ONE).replace(b"##", b"\xff\xfe"))
    stretch = read_batch(PARTITION, 0, data)
    assert stretch is not None
    assert [record.value for record in stretch.records] == [b"v", b"value"]
    assert stretch.records[0].headers == (("\\xff\\xfe", b"x"),)


def test_begins_at_the_position_within_a_batch() -> None:
    """What was handed over before is not handed over again."""
    stretch = read_batch(PARTITION, 102, batch(ONE, ONE, ONE, base=100))
    assert stretch is not None
    assert [record.offset for record in stretch.records] == [102]
    assert stretch.next_offset == 103


def test_reads_the_first_batch_only() -> None:
    """The others have their turn."""
    stretch = read_batch(PARTITION, 0, batch(ONE) + batch(ONE, base=1))
    assert stretch is not None
    assert (len(stretch.records), stretch.next_offset) == (1, 1)


def test_a_wrong_check_sum_is_one_unreadable_record() -> None:
    """It stands for everything in the batch, and holds all its bytes."""
    data = bytearray(batch(ONE, ONE, base=7))
    data[-1] ^= 0xFF
    assert not is_sound(bytes(data))
    stretch = read_batch(PARTITION, 7, bytes(data))
    assert stretch is not None
    (record,) = stretch.records
    assert (record.offset, stretch.next_offset) == (7, 9)
    assert record.value == bytes(data)
    assert "check sum" in (record.unreadable or "")


def test_what_can_be_read_of_a_broken_batch_is() -> None:
    """A sound check sum over nonsense: the records before it come, the rest is unreadable."""
    data = batch(ONE, ONE, ONE, base=5)
    second = data.index(b"key", data.index(b"key") + 1)
    broken = bytearray(data)
    broken[second - 1] = 0x7E  # a key that is longer than the batch
    stretch = read_batch(PARTITION, 5, sealed(broken))
    assert stretch is not None
    assert [record.offset for record in stretch.records] == [5, 6]
    assert stretch.records[0].value == b"value"
    assert "cannot be decoded" in (stretch.records[1].unreadable or "")
    assert stretch.next_offset == 8


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 10,
        batch(ONE)[:-1],
        batch(ONE)[:16] + b"\x03" + batch(ONE)[17:],  # a record format to come
        batch(ONE)[:8] + struct.pack(">i", -5) + batch(ONE)[12:],
    ],
    ids=["short", "cut", "new", "length"],
)
def test_what_has_no_usable_head_takes_one_offset(data: bytes) -> None:
    """Nobody knows how far it reaches: the next offset is asked for."""
    assert not is_sound(data)
    stretch = read_batch(PARTITION, 3, data)
    assert stretch is not None
    assert stretch.next_offset == 4
    assert stretch.records[0].unreadable


def test_nothing_is_nothing() -> None:
    """An empty answer has no batch."""
    assert read_batch(PARTITION, 0, b"") is None


def test_control_batches_and_aborted_transactions_hold_no_records() -> None:
    """Markers are none, and what was aborted was never said."""
    marker = read_batch(PARTITION, 0, batch(ONE, attributes=CONTROL))
    assert marker is not None
    assert (marker.records, marker.next_offset) == ([], 1)
    data = batch(ONE, base=10, attributes=TRANSACTIONAL, producer=7)
    for aborted, count in (((7, 9), 0), ((7, 11), 1), ((8, 9), 1)):
        stretch = read_batch(PARTITION, 10, data, frozenset([aborted]))
        assert stretch is not None
        assert len(stretch.records) == count


def test_append_time_is_the_batchs_own() -> None:
    """A topic that stamps by itself has one time for the whole batch."""
    stretch = read_batch(PARTITION, 0, batch(ONE, ONE, attributes=APPEND_TIME))
    assert stretch is not None
    assert {record.timestamp for record in stretch.records} == {1.001}


@given(st.binary(max_size=120), st.integers(0, 2**40), st.integers(0, 2**31))
def test_whatever_the_bytes_it_goes_on(noise: bytes, position: int, seed: int) -> None:
    """No input stops it, and the next offset is always a later one."""
    chance = random.Random(seed)
    data = bytearray(batch(ONE, ONE, base=position))
    for _ in range(chance.randrange(4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    for candidate in (noise, bytes(data), sealed(data), sealed(data)[: chance.randrange(150)]):
        stretch = read_batch(PARTITION, position, candidate)
        if stretch is not None:
            assert stretch.next_offset > position
            assert all(record.offset >= position for record in stretch.records)
