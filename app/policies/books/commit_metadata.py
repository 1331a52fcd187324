"""Commit metadata: which offsets above the committed one are settled already, and of which topic.

``n1:``, then base64 of varints: the high-water mark as its distance from the committed offset, and
the unsettled offsets below the mark as gaps. Everything below the mark that is not listed is
settled. So a single slow offset holds up nothing but itself.

After a semicolon follows the topic's id: an offset says nothing about another topic of the same
name.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

PREFIX = "n1:"
LONGEST = 4000
"""Characters; brokers take 4,096 (``offset.metadata.max.bytes``)."""

_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_NO_OFFSET = -1
_MORE = 0x80
_LOW_BITS = 0x7F
_MAX_BITS = 63


class Settled(msgspec.Struct, frozen=True):
    """The offsets that are known to be settled above a committed one.

    Attributes:
        mark: Offsets from here on are not spoken of.
        unsettled: The offsets below the mark that are not settled, rising.
    """

    mark: int
    unsettled: tuple[int, ...]


class Committed(msgspec.Struct, frozen=True):
    """A group's commit for a partition."""

    offset: int
    # the offsets settled above the offset; None if the metadata does not say
    settled: Settled | None = None
    odd: bool = False  # there is metadata, and it is not this service's or corrupt
    topic_id: str | None = None  # of which topic the offset is; None if the metadata does not say


def read_commit(offset: int, metadata: str | None) -> Committed | None:
    """Return a group's commit; None for the offset that stands for none."""
    if offset == _NO_OFFSET:
        return None
    rest, topic_id = split_topic_id(metadata)
    settled = decode(offset, rest)
    return Committed(offset, settled, odd=bool(rest) and settled is None, topic_id=topic_id)


def encode(committed: int, mark: int, unsettled: Iterable[int]) -> str:
    """Write the metadata of a commit; empty if nothing above it is settled.

    Args:
        committed: The offset that is committed with it.
        mark: As in ``Settled``.
        unsettled: Offsets from ``committed`` on and below the mark, rising.
    """
    if mark <= committed:
        return ""
    body = bytearray()
    _append(body, mark - committed)
    previous = committed
    for offset in unsettled:
        _append(body, offset - previous)
        previous = offset
    return PREFIX + base64.b64encode(body).decode().rstrip("=")


def with_topic_id(metadata: str, topic_id: str | None) -> str:
    """Add the id of the topic that is committed for; None leaves the metadata as it is."""
    return metadata if topic_id is None else f"{metadata or PREFIX};{topic_id}"


def split_topic_id(metadata: str | None) -> tuple[str, str | None]:
    """Return the metadata without the topic's id, and the id; None if there is none."""
    rest, _, topic_id = (metadata or "").partition(";")
    if not rest.startswith(PREFIX) or not _ID.fullmatch(topic_id):
        return metadata or "", None
    return "" if rest == PREFIX else rest, topic_id


def decode(committed: int, metadata: str | None) -> Settled | None:
    """Read the metadata of a commit, without the topic's id.

    Returns:
        None if it is empty, of another kind, or corrupt: then everything above the committed
        offset is taken as unsettled.
    """
    if not metadata or not metadata.startswith(PREFIX):
        return None
    text = metadata.removeprefix(PREFIX)
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        distance, *gaps = _numbers(body)
    except (binascii.Error, ValueError):
        return None
    unsettled = []
    offset = committed
    for gap in gaps:
        offset += gap
        unsettled.append(offset)
    return _checked(committed, committed + distance, unsettled)


def _checked(committed: int, mark: int, unsettled: Sequence[int]) -> Settled | None:
    rising = all(low < high for low, high in pairwise(unsettled))
    inside = not unsettled or (committed <= unsettled[0] and unsettled[-1] < mark)
    return Settled(mark, tuple(unsettled)) if rising and inside else None


def _append(body: bytearray, number: int) -> None:
    while number > _LOW_BITS:
        body.append(number & _LOW_BITS | _MORE)
        number >>= 7
    body.append(number)


def _numbers(body: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in body:
        number |= (byte & _LOW_BITS) << shift
        shift += 7
        if shift > _MAX_BITS + 7:
            raise ValueError("a number without end")
        if not byte & _MORE:
            numbers.append(number)
            number = shift = 0
    if shift or not numbers:
        raise ValueError("cut off")
    return numbers
