"""How much a compressed batch holds at most, found out without unpacking it.

Limits of topics hold for what is compressed: a batch of a megabyte may unpack to gigabytes. zstd,
LZ4 and Snappy say block by block how much comes out at most (RFC 8878, LZ4's frame format, Snappy's
format); gzip does not, and is unpacked piece by piece, to be thrown away.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_PIECE = 256 * 1024
_GZIP_RATIO: Final = 1032
"""More than that DEFLATE cannot shrink anything."""
_LZ4_RATIO: Final = 255
_ZSTD_BLOCK: Final = 128 * 1024
_ZSTD_MAGIC, _LZ4_MAGIC = 0xFD2FB528, 0x184D2204
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEAD = 16


def most_unpacked(compression: int, data: memoryview, enough: int) -> int:
    """Return an upper bound of the unpacked size of compressed data, in bytes.

    Args:
        data: As they stand in the batch. What is malformed counts as far as it could be unpacked.
        enough: Stop counting above this.
    """
    pieces = _PIECES.get(compression)
    if pieces is None:
        return len(data)
    total = 0
    try:
        for size in pieces(data):
            total += size
            if total > enough:
                break
    except (struct.error, IndexError, zlib.error):
        return total  # unpacking it fails there, too
    return total


def _gzip(data: memoryview) -> Iterator[int]:
    if len(data) * _GZIP_RATIO <= _PIECE:
        yield len(data) * _GZIP_RATIO
        return
    left = bytes(data)
    while left:
        unpacker = zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            piece = unpacker.decompress(left, _PIECE)
            left = unpacker.unconsumed_tail
            if not (piece or left):
                break  # cut off
            yield len(piece)
        left = unpacker.unused_data


def _snappy(data: memoryview) -> Iterator[int]:
    if data[: len(_XERIAL)] != _XERIAL:
        yield _snappy_size(data)
        return
    at = _XERIAL_HEAD
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size < 0:
            return
        yield _snappy_size(data[at + 4 :])
        at += 4 + size


def _snappy_size(data: memoryview) -> int:
    size = 0
    for place, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            break
    return size


def _lz4(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        magic, flags, descriptor = struct.unpack_from("<IBB", data, at)
        if magic in _SKIPPABLE:
            at += 8 + struct.unpack_from("<I", data, at + 4)[0]
            continue
        if magic != _LZ4_MAGIC:
            return
        largest = 1 << 2 * (descriptor >> 4 & 7) + 8
        at += 7 + (8 if flags & 0x08 else 0) + (4 if flags & 0x01 else 0)
        while size := struct.unpack_from("<I", data, at)[0]:
            stored, size = size & 0x80000000, size & 0x7FFFFFFF
            yield size if stored else min(largest, size * _LZ4_RATIO)
            at += 4 + size + (4 if flags & 0x10 else 0)
        at += 4 + (4 if flags & 0x04 else 0)


def _zstd(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        (magic,) = struct.unpack_from("<I", data, at)
        if magic in _SKIPPABLE:
            at += 8 + struct.unpack_from("<I", data, at + 4)[0]
            continue
        if magic != _ZSTD_MAGIC:
            return
        flags = data[at + 4]
        whole = flags & 0x20  # one segment: no window, but a size
        content_size = (bool(whole), 2, 4, 8)[flags >> 6]
        at += 5 + (not whole) + (0, 1, 2, 4)[flags & 3] + content_size
        last = 0
        while not last:
            head = data[at] | data[at + 1] << 8 | data[at + 2] << 16
            last, kind, size = head & 1, head >> 1 & 3, head >> 3
            yield _ZSTD_BLOCK if kind == 2 else size
            at += 3 + (1 if kind == 1 else size)
        at += 4 if flags & 0x04 else 0


_PIECES: dict[int, Callable[[memoryview], Iterator[int]]] = {
    _GZIP: _gzip,
    _SNAPPY: _snappy,
    _LZ4: _lz4,
    _ZSTD: _zstd,
}
