"""An offset that stays unsettled without its record."""

from enum import Enum, auto

import msgspec

from app.policies.deferral import Deferral
from app.policies.record_headers import Origin

MOST_PARKED = 500
"""Of one partition; with more of them it rests, so that memory and commits stay bounded."""


class Why(Enum):
    """Why there is no other place for a record."""

    TOO_LARGE = auto()
    """The retry topics do not take it."""
    FOREIGN = auto()
    """It was deferred by a service that shares the group, and is of a topic consumed only there."""


class Parked(msgspec.Struct, frozen=True, eq=False):
    """What is kept of a record that can neither be delivered now nor be put aside.

    Its record stands where it was read, and is read again when its time has come.

    Attributes:
        until: Monotonic seconds when that is.
        size: Bytes of its value.
        digest: SHA-256 of its value: another record may stand there once a topic was made anew.
        before: What is still to be done about it; None where its own headers say so.
    """

    offset: int
    why: Why
    until: float
    origin: Origin
    size: int
    digest: bytes
    before: Deferral | None = None
