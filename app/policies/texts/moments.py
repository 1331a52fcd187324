"""Times within sentences."""

from datetime import UTC, datetime


def utc_time(seconds: float) -> str:
    """Return a time as people write it, to the second; one beyond the calendar is its last day."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # another program may have written any number
        moment = datetime.max.replace(tzinfo=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
