"""Batches that unpack to very much."""

import struct
from types import SimpleNamespace

import pytest
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from app.edges.kafka import heavy_batches
from app.edges.kafka.heavy_batches import MOST, lighten, unpacks_to, without_heavy
from app.edges.kafka.record_batch import read_batch
from tests.unit.edges.kafka.test_record_batch import ONE, PARTITION, batch

MIB = 1024 * 1024
HEAD = 61
LARGE = (b"k", b"\0" * (2 * MIB), ())


def old(value: bytes, magic: int) -> bytes:
    """Return a message set with a wrapper."""
    builder = LegacyRecordBatchBuilder(magic, 1, 100 * MIB)
    builder.append(0, 1000, b"k", value)
    return bytes(builder.build())


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_batches_before_a_heavy_one_are_left(compression: int) -> None:
    """And of a heavy one that comes first, what looks like one that is cut off."""
    light, heavy = batch(ONE, compression=compression), batch(LARGE, compression=compression)
    assert without_heavy(light + heavy + light, MIB) == light
    assert without_heavy(heavy + light, MIB) == heavy[:HEAD]
    assert without_heavy(light + heavy, 3 * MIB) == light + heavy
    assert without_heavy(batch(LARGE), MIB) == batch(LARGE)  # not compressed
    assert without_heavy(light + heavy[:-1], MIB) == light + heavy[:-1]  # cut off by the broker


@pytest.mark.parametrize("magic", [0, 1])
def test_wrappers_of_the_old_formats_are_batches_too(magic: int) -> None:
    """Brokers keep them as they were written."""
    light, heavy = old(b"v", magic), old(b"\0" * (2 * MIB), magic)
    assert without_heavy(light + heavy, MIB) == light
    assert without_heavy(heavy, MIB) == heavy[:HEAD]
    assert unpacks_to(heavy) > 2 * MIB


def test_an_answer_keeps_everything_else() -> None:
    """Codes, offsets, partitions without records."""
    light, heavy = batch(ONE), batch(LARGE, compression=4)
    answer = SimpleNamespace(
        topics=[("a", [(0, 0, 7, light), (1, 3, -1, b"")]), ("b", [(0, heavy)])]
    )
    lighten(answer, MIB)
    assert answer.topics == [
        ("a", [(0, 0, 7, light), (1, 3, -1, b"")]),
        ("b", [(0, heavy[:HEAD])]),
    ]


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_what_unpacks_to_too_much_is_never_unpacked(
    compression: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is handed over as it is, and the next batch follows."""
    monkeypatch.setattr(heavy_batches, "MOST", MIB)
    monkeypatch.setattr("app.edges.kafka.record_batch.MOST", MIB)
    heavy = batch(LARGE, LARGE, compression=compression)
    stretch = read_batch(PARTITION, 0, heavy + batch(ONE))
    assert stretch is not None
    assert stretch.next_offset == 2
    (record,) = stretch.records
    assert record.value == heavy
    assert "unpacks to more than" in (record.unreadable or "")


def test_one_of_the_old_formats_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its offsets are passed all the same."""
    monkeypatch.setattr(heavy_batches, "MOST", MIB)
    monkeypatch.setattr("app.edges.kafka.record_batch.MOST", MIB)
    stretch = read_batch(PARTITION, 0, old(b"\0" * (2 * MIB), 1))
    assert stretch is not None
    assert stretch.next_offset == 1
    assert "unpacks to more than" in (stretch.records[0].unreadable or "")


def test_a_heavy_batch_is_read_a_few_records_at_a_time() -> None:
    """What is made of it is bounded; the next read goes on within it."""
    data = batch(*[ONE] * 10, compression=4)
    first = read_batch(PARTITION, 0, data, most=4)
    assert first is not None
    assert (len(first.records), first.next_offset) == (4, 4)
    rest = read_batch(PARTITION, 4, data, most=6)
    assert rest is not None
    assert ([each.offset for each in rest.records], rest.next_offset) == ([4, 5, 6, 7, 8, 9], 10)


def test_a_batch_with_an_impossible_length_is_left_as_it_is() -> None:
    """Whoever reads it says so."""
    data = bytearray(batch(ONE, compression=1))
    struct.pack_into(">i", data, 8, -5)
    assert without_heavy(bytes(data), MIB) == bytes(data)
    assert unpacks_to(bytes(data)) == 0
    assert unpacks_to(b"") == 0
    assert MOST > 64 * MIB
