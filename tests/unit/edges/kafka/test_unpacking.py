"""How much a compressed batch holds at most."""

import gzip
import os

import pytest
from aiokafka import codec
from hypothesis import given
from hypothesis import strategies as st

from app.edges.kafka.unpacking import most_unpacked

PACK = {
    1: codec.gzip_encode,
    2: codec.snappy_encode,
    3: codec.lz4_encode,
    4: codec.zstd_encode,
}
ENOUGH = 10**9
MANY = 3_000_000


@pytest.mark.parametrize("compression", PACK)
@pytest.mark.parametrize("data", [b"\0" * MANY, os.urandom(MANY), b"some words %d, " * 200_000])
def test_what_it_unpacks_to_is_known_nearly(compression: int, data: bytes) -> None:
    """Never less, and hardly more."""
    packed = memoryview(PACK[compression](data))
    assert len(data) <= most_unpacked(compression, packed, ENOUGH) <= len(data) * 1.05


@pytest.mark.parametrize("compression", PACK)
@given(data=st.binary(max_size=2000))
def test_it_is_never_less_than_it_is(compression: int, data: bytes) -> None:
    """Whatever it is."""
    assert most_unpacked(compression, memoryview(PACK[compression](data)), ENOUGH) >= len(data)


@pytest.mark.parametrize("compression", PACK)
def test_counting_stops_early(compression: int) -> None:
    """Nothing is unpacked for nothing."""
    packed = memoryview(PACK[compression](b"\0" * MANY))
    assert 1000 < most_unpacked(compression, packed, 1000) < MANY


@pytest.mark.parametrize("compression", PACK)
@given(data=st.binary(max_size=200), cut=st.integers(1, 20))
def test_what_is_malformed_comes_to_an_end(compression: int, data: bytes, cut: int) -> None:
    """Whoever unpacks it fails; here nothing is raised."""
    most_unpacked(compression, memoryview(data), ENOUGH)
    most_unpacked(compression, memoryview(PACK[compression](data)[:-cut]), ENOUGH)
    damaged = PACK[compression](b"\0" * 100_000)[:cut] + data
    most_unpacked(compression, memoryview(damaged), ENOUGH)


def test_every_part_counts() -> None:
    """Gzip members, frames of zstd and LZ4, ones to be skipped, raw Snappy."""
    part = b"\0" * MANY
    members = gzip.compress(part) * 2
    assert most_unpacked(1, memoryview(members), ENOUGH) == 2 * MANY
    skipped = (0x184D2A53).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
    for compression in (3, 4):
        frames = skipped + PACK[compression](part) * 2
        assert 2 * MANY <= most_unpacked(compression, memoryview(frames), ENOUGH) < 2.1 * MANY
    raw = codec.snappy_encode(part, xerial_compatible=False)
    assert most_unpacked(2, memoryview(raw), ENOUGH) == MANY


def test_what_is_not_compressed_is_as_long_as_it_is() -> None:
    """And so is what nobody can unpack."""
    assert most_unpacked(0, memoryview(b"abc"), ENOUGH) == 3
    assert most_unpacked(7, memoryview(b"abc"), ENOUGH) == 3
