"""Quotas of services that count by the day."""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_SLACK = 60.0
"""Seconds after midnight: the service's clock may be behind this one."""


def until_midnight(now: float, zone: timezone | None = None) -> float:
    """Return the seconds until it is certain that a new day has begun.

    Args:
        zone: The time zone of the quota; None for UTC.
    """
    here = datetime.fromtimestamp(now, zone or UTC)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - here).total_seconds() + _SLACK
