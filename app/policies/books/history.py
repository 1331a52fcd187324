"""Records of the history topic: many settled notifications in one, found by a filter. Pure."""

import zlib
from array import array
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from app.policies.texts.plain_text import clip
from app.values.errors import UNREADABLE
from app.values.history import Batch, Entry, Try
from app.values.record import Headers
from app.values.snapshot import AttemptStatus

FORMAT_HEADER: Final = "notifier.format"
FILTER_HEADER: Final = "notifier.history.ids"
FORMAT: Final = 1
LONGEST_ID: Final = 1000
"""Characters that are kept of an id."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Batch)


def name_of(entry: Entry) -> str:
    """Return the name that a notification is looked for by: its id, or its record's first place."""
    return entry.id or entry.origin


def coordinates_of(asked: str) -> str:
    """Return ``topic:partition:offset`` as records are named here; anything else as it is."""
    topic, partition, offset = (*asked.rsplit(":", 2), "", "")[:3]
    if topic and partition.isdecimal() and offset.isdecimal():
        return f"{topic}/{partition}/{offset}"
    return asked


def is_id(known: str | None, asked: str) -> bool:
    """Say whether a notification's id is the one that is asked for, as far as ids are kept."""
    return known is not None and clip(known, LONGEST_ID) == clip(asked, LONGEST_ID)


def names_of(asked: str) -> frozenset[str]:
    """Return the names that ``name_of`` may have for what is asked: an id may look like a place."""
    return frozenset((clip(asked, LONGEST_ID), coordinates_of(asked)))


def said(made: Try, entry: Entry) -> str | None:
    """Return what an attempt of an entry was answered, or where it waited before the first."""
    if made.status is not AttemptStatus.WAITED or made.duration is None:
        return made.error
    here = made.duration
    before = max(made.at - entry.published_at - here, 0.0)
    return f"{before:.1f} s on Kafka, {here:.1f} s here for its turn"


def write(worker: str, entries: Iterable[Entry]) -> tuple[bytes, Headers]:
    """Return value and headers of a record; the headers tell whether it is worth unpacking.

    Raises:
        ValueError: One of them cannot be encoded.
    """
    batch = Batch(worker, tuple(entries))
    names = array("I", {_hash(name_of(entry)) for entry in batch.entries})
    headers = ((FORMAT_HEADER, b"%d" % FORMAT), (FILTER_HEADER, names.tobytes()))
    return _ENCODER.encode(batch), headers


def is_writable(entry: Entry) -> bool:
    """Say whether an entry can be encoded: half a surrogate pair in a text cannot."""
    try:
        _ENCODER.encode(entry)
    except ValueError:
        return False
    return True


def read(value: bytes | None, headers: Headers) -> Batch | None:
    """Return the entries of a record, or None for one of a newer format or by another hand."""
    if value is None or dict(headers).get(FORMAT_HEADER) != b"%d" % FORMAT:
        return None
    try:
        return _DECODER.decode(value)
    except UNREADABLE:
        return None


def may_hold(names: Iterable[str]) -> Callable[[Headers], bool]:
    """Return a check of a record's headers: whether it may hold a notification of these names.

    Once in about four thousand million names it says so although it does not.
    """
    wanted = {_hash(name) for name in names}

    def check(headers: Headers) -> bool:
        held = dict(headers).get(FILTER_HEADER)
        return held is not None and len(held) % 4 == 0 and not wanted.isdisjoint(array("I", held))

    return check


def _hash(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))
