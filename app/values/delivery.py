"""A delivery: one notification on its way to one destination."""

import msgspec

from app.values.notification import NO_ACCESS, Access, Notification


class Destination(msgspec.Struct, frozen=True):
    """Where a lane leads: one webhook, one mail server, the console.

    Attributes:
        channel: The channel that serves it (``discord``, ``webhook``, ``email``, ``console``).
        address: A webhook URL, ``smtp://host:port``, or ``console``. Secret: never shown.
        label: The redacted address, for logs, pages, statistics and metrics.
    """

    channel: str
    address: str
    label: str


class Target(msgspec.Struct, frozen=True):
    """The unit of account: one address that accepts a notification or does not.

    Attributes:
        channel: As the producer named it (``webhook`` stays ``webhook`` for Discord's URLs).
        address: A webhook URL, a mail address, or ``console``. Webhook URLs are secret.
        label: The redacted address.
        access: What it takes to be let in there.
    """

    channel: str
    address: str
    label: str
    access: Access = NO_ACCESS


class Delivery(msgspec.Struct, frozen=True):
    """What a channel is asked to do in one go.

    Attributes:
        notification: What to say.
        destination: Through which lane.
        targets: Whom to reach: one for webhooks, every recipient not yet reached for e-mail.
        source: The name that makes ids stable over retries, redeliveries and replays: the
            ``message_id``, else the origin coordinates of the record.
        digest: SHA-256 of the origin record's value, part of the stable ids.
    """

    notification: Notification
    destination: Destination
    targets: tuple[Target, ...]
    source: str
    digest: bytes
