"""Times on the topic: ISO 8601, naive means UTC."""

from datetime import UTC, datetime
from math import isfinite
from typing import NamedTuple

from app.policies.texts.notes import Notes

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of times without a zone, which mean UTC
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH_UTC).total_seconds()
_LAST = (datetime.max.replace(tzinfo=UTC, microsecond=0) - _EPOCH_UTC).total_seconds()
_A_TIME = "expected an ISO 8601 time such as 2026-01-01T12:00:00Z"
_SECONDS = "expected a number of seconds, 0 or more"


class Lifetime(NamedTuple):
    """How long a notification may be sent.

    Attributes:
        ends_at: Seconds since the epoch, or None for never.
        unknown: It has an end that cannot be read.
    """

    ends_at: float | None
    unknown: bool


ENDLESS = Lifetime(None, unknown=False)


def read_time(value: object, field: str, notes: Notes) -> float | None:
    """Return seconds since the epoch, or None if no time is given.

    A time outside the years 1 to 9999 in UTC is left out with a note.
    """
    if value is None or value == "":
        return None
    seconds = _seconds_of(value)
    if seconds is None:
        notes.left_out(field, _A_TIME)
    return seconds


def read_lifetime(expires_at: object, ttl_seconds: object, since: float, notes: Notes) -> Lifetime:
    """Return when a notification's time has passed.

    With both given, the earlier counts.

    Args:
        expires_at: ISO 8601.
        ttl_seconds: Seconds it may be sent for.
        since: When those begin, in seconds since the epoch.
        notes: Takes what cannot be read.
    """
    if expires_at is None and ttl_seconds is None:
        return ENDLESS
    ends: list[float] = []
    unknown = False
    if expires_at is not None and expires_at != "":
        at = _seconds_of(expires_at)
        if at is None:
            unknown = True
            notes.add("expires_at", f"{_A_TIME}; sent at the first attempt or not at all")
        else:
            ends.append(at)
    if ttl_seconds is not None and ttl_seconds != "":
        ttl = _ttl_of(ttl_seconds)
        if ttl is None:
            unknown = True
            notes.add("ttl_seconds", f"{_SECONDS}; sent at the first attempt or not at all")
        else:
            ends.append(min(since + ttl, _LAST))
    return Lifetime(min(ends, default=None), unknown)


def _seconds_of(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    seconds = (moment - (_EPOCH if moment.tzinfo is None else _EPOCH_UTC)).total_seconds()
    return seconds if _FIRST <= seconds <= _LAST else None


def _ttl_of(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
