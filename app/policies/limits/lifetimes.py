"""How long notifications may be sent that say nothing of it themselves."""

from msgspec.structs import replace

from app.values.notification import Notification


def with_default_lifetime(
    notification: Notification, published_at: float, now: float, seconds: float
) -> Notification:
    """Return a notification that is first taken now, expired if it is too old.

    One that has an end of its own keeps it. One that is young enough gets none: from now on it may
    take as long as it takes.

    Args:
        published_at: When it was written to the topic, in seconds since the epoch.
        seconds: How old it may be; 0 for any age.
    """
    if not seconds or notification.expires_at is not None or now - published_at <= seconds:
        return notification
    return replace(notification, expires_at=published_at + seconds)
