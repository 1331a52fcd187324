"""Deferring: the headers of records in retry topics, and the choice of the topic.

The group has one retry topic for each delay, so that each is in the order in which its records come
due (docs/retries.md).
"""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from app.policies.headers.records import (
    ATTEMPTS,
    DELIVERED,
    FAILED,
    FIRST_FAILURE,
    FORMAT,
    GROUP,
    LEFT,
    PAUSED,
    REPLAYS,
    Origin,
    TargetMark,
    encoded,
    iso_time,
    number_of,
    origin_headers,
    read_marks,
    time_of,
    with_ours,
    written_marks,
)
from app.values.errors import UNREADABLE
from app.values.outcome import Reason
from app.values.record import Headers, Record

KNOWN_FORMAT = 1
NEWER_FORMAT = KNOWN_FORMAT + 1
"""Stands for every format that this version does not know."""

AT_ONCE = 0.0
SHORTEST = 30.0
DELAYS: Mapping[float, str] = {
    AT_ONCE: "0s",
    SHORTEST: "30s",
    120.0: "2m",
    600.0: "10m",
    3600.0: "1h",
}
"""Seconds, and how the topic of that delay ends."""


class FailedMark(msgspec.Struct, frozen=True):
    """A target that was given up before, with its reason."""

    channel: str
    label: str
    id: str
    reason: Reason
    error: str

    @property
    def mark(self) -> TargetMark:
        """The target alone."""
        return TargetMark(self.channel, self.label, self.id)


class Deferral(msgspec.Struct, frozen=True):
    """A notification's progress: the targets that are left, delivered and failed."""

    # targets still to be sent to; None for all that are not named below
    left: tuple[TargetMark, ...] | None = None
    delivered: tuple[TargetMark, ...] = ()  # targets that have it
    failed: tuple[FailedMark, ...] = ()  # targets that were given up
    attempts: int = 0
    first_failure: float | None = None  # seconds since the epoch, or None
    replays: int = 0
    # the ids of the destinations that it waits for, if these are all paused
    paused: tuple[str, ...] = ()

    def after_pause(self, waited: float) -> "Deferral":
        """Return it so that the time for which it waited for a pause alone does not count."""
        if not self.paused or self.first_failure is None:
            return self
        return replace(self, first_failure=self.first_failure + max(waited, 0.0))


def retry_topics(prefix: str) -> dict[str, float]:
    """Return the group's retry topics, each with its delay in seconds."""
    return {f"{prefix}.{ending}": delay for delay, ending in DELAYS.items()}


def delay_for(now: float, first_failure: float | None) -> float:
    """Return the delay for a notification that cannot be delivered now.

    The longest delay not above the time since its first failure: so it arrives at most about as
    late again as the outage was long.

    Args:
        now: Seconds since the epoch.
        first_failure: As in ``Deferral``.
    """
    since = 0.0 if first_failure is None else now - first_failure
    return max((delay for delay in DELAYS if delay <= since), default=SHORTEST) or SHORTEST


def longest_delay() -> float:
    """Return the delay for what waits for an operator."""
    return max(DELAYS)


def deferral_headers(record: Record, deferral: Deferral, group: str, origin: Origin) -> Headers:
    """Return the headers of a record in a retry topic: its own, then the service's.

    Args:
        origin: The record's first place.
    """
    ours = {
        **origin_headers(origin),
        FORMAT: b"%d" % KNOWN_FORMAT,
        GROUP: encoded(group),
        DELIVERED: written_marks(deferral.delivered),
        FAILED: msgspec.json.encode(deferral.failed),
        ATTEMPTS: b"%d" % deferral.attempts,
        REPLAYS: b"%d" % deferral.replays,
    }
    if deferral.left is not None:
        ours[LEFT] = written_marks(deferral.left)
    if deferral.first_failure is not None:
        ours[FIRST_FAILURE] = iso_time(deferral.first_failure).encode()
    if deferral.paused:
        ours[PAUSED] = ",".join(deferral.paused).encode()
    return with_ours(record, ours)


def read_format(headers: Headers) -> int:
    """Return the format of a record in a retry topic; 0 if it names none."""
    raw = dict(headers).get(FORMAT)
    return number_of(raw, NEWER_FORMAT) if raw else 0


def read_deferral(headers: Headers) -> Deferral:
    """Read the headers of a record in a retry topic, with defaults for missing ones.

    If the list of targets left is missing or corrupt, all are left: sent again rather than lost.
    """
    found = dict(headers)
    left = read_marks(found.get(LEFT))
    return Deferral(
        left=left if left and all(mark.id for mark in left) else None,
        delivered=read_marks(found.get(DELIVERED)),
        failed=_read_failed(found.get(FAILED)),
        attempts=number_of(found.get(ATTEMPTS), 0),
        first_failure=time_of(found.get(FIRST_FAILURE)),
        replays=number_of(found.get(REPLAYS), 0),
        paused=_paused(found.get(PAUSED)),
    )


def read_paused(headers: Headers) -> tuple[str, ...]:
    """Return the ids of the paused destinations that a record of a retry topic waits for."""
    return _paused(dict(headers).get(PAUSED))


def _paused(raw: bytes | None) -> tuple[str, ...]:
    return tuple(raw.decode(errors="replace").split(",")) if raw else ()


def _read_failed(raw: bytes | None) -> tuple[FailedMark, ...]:
    try:
        return msgspec.json.decode(raw or b"[]", type=tuple[FailedMark, ...])
    except UNREADABLE:
        return ()
