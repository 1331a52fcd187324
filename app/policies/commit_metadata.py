"""Commit metadata: which offsets above the committed one are settled already.

``n1:``, then base64 of varints: the high-water mark as its distance from the committed offset, and
the unsettled offsets below the mark as gaps. Everything below the mark that is not listed is
settled. So a single slow offset holds up nothing but itself.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

PREFIX = "n1:"
LONGEST = 4000
"""Characters; brokers take 4,096 (``offset.metadata.max.bytes``)."""

_MORE = 0x80
_LOW_BITS = 0x7F
_MAX_BITS = 63


class Settled(msgspec.Struct, frozen=True):
    """What is known to be settled above a committed offset.

    Attributes:
        mark: Offsets from here on are not spoken of.
        unsettled: The offsets below the mark that are not settled, rising.
    """

    mark: int
    unsettled: tuple[int, ...]


def encode(committed: int, mark: int, unsettled: Iterable[int]) -> str:
    """Write the metadata of a commit; empty where nothing above it is settled.

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


def decode(committed: int, metadata: str | None) -> Settled | None:
    """Read the metadata of a commit.

    Returns:
        None where it is empty, of another kind, or corrupt: then everything above the committed
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
