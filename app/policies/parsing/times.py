"""Times on the topic: ISO 8601, naive means UTC."""

from datetime import UTC, datetime

from app.values.errors import InvalidRecordError

_FIRST = datetime.min.replace(tzinfo=UTC).timestamp()
_LAST = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


def read_time(text: str | None, field: str) -> float | None:
    """Return seconds since the epoch, or None where nothing is said.

    Raises:
        InvalidRecordError: It is no time that UTC has between the years 1 and 9999.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _not_a_time(field) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = moment.timestamp()
    if not _FIRST <= seconds <= _LAST:
        raise _not_a_time(field)
    return seconds


def read_expiry(expires_at: str | None, ttl_seconds: float | None, since: float) -> float | None:
    """Return when a notification's time has passed, or None for never.

    With both given, the earlier counts.

    Args:
        expires_at: ISO 8601.
        ttl_seconds: Seconds it may be sent for.
        since: When those begin, in seconds since the epoch.

    Raises:
        InvalidRecordError: One of them is wrong.
    """
    at = read_time(expires_at, "expires_at")
    if ttl_seconds is None:
        return at
    if ttl_seconds < 0:
        raise InvalidRecordError("expected a number of seconds, 0 or more", "ttl_seconds")
    end = min(since + ttl_seconds, _LAST)
    return end if at is None else min(at, end)


def _not_a_time(field: str) -> InvalidRecordError:
    return InvalidRecordError("expected an ISO 8601 time such as 2026-01-01T12:00:00Z", field)
