"""What messages of both shapes share, and how they become a notification."""

from typing import Any

import msgspec

from app.policies.parsing.reading import Reading, read_priority
from app.policies.parsing.saying import Said
from app.policies.parsing.times import read_lifetime, read_time
from app.values.notification import Metadata, Notification, Priority, Request


class Common(msgspec.Struct, kw_only=True, gc=False):
    """Members of the envelope and of every typed message."""

    message_id: str | None = None
    priority: Any = None
    timestamp: Any = None
    expires_at: Any = None
    ttl_seconds: Any = None
    ordering_key: str | None = None


def assemble(
    message: Common,
    said: Said,
    requests: tuple[Request, ...],
    metadata: Metadata,
    reading: Reading,
    usual: Priority = Priority.NORMAL,
) -> Notification:
    """Put a notification together.

    Args:
        message: As decoded.
        said: Its content.
        requests: One for each channel.
        metadata: For receivers.
        reading: The context of the record.
        usual: Its priority if it states none.
    """
    notes, extras = reading.notes, said.extras
    timestamp = read_time(message.timestamp, "timestamp", notes)
    if timestamp is None and reading.record_time > 0:
        timestamp = reading.record_time
    since = reading.record_time if timestamp is None else timestamp
    lifetime = read_lifetime(message.expires_at, message.ttl_seconds, since, notes)
    priority = read_priority(message.priority, notes)
    return Notification(  # by place: by name it takes eight times as long
        said.content,
        requests,
        message.message_id or None,
        said.title,
        said.content_type,
        usual if priority is None else priority,
        timestamp,
        lifetime.ends_at,
        lifetime.unknown,
        message.ordering_key or None,
        extras.color,
        extras.fields,
        extras.footer,
        extras.author,
        extras.url,
        extras.embeds,
        extras.sender,
        extras.mail,
        metadata,
        notes.all(),
    )
