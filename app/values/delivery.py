"""A delivery: one notification on its way to one destination."""

from collections.abc import Mapping

import msgspec

from app.values.notification import NO_ACCESS, Access, Notification


class Destination(msgspec.Struct, frozen=True, gc=False):
    """The end of a lane: one webhook, one mail server, the console.

    Attributes:
        address: A webhook URL, ``smtp://host:port``, or ``console``. Secret: never shown.
        label: The redacted address, for logs, pages, statistics and metrics.
    """

    channel: str
    address: str
    label: str


class Target(msgspec.Struct, frozen=True, gc=False):
    """The unit of account: one address that accepts a notification or does not.

    Attributes:
        channel: As the producer named it: ``webhook`` also if another channel serves its URL.
        address: A webhook URL, a mail address, or ``console``. Webhook URLs are secret.
        access: Credentials for the address.
        part: Which of its requests this is, counted from 0, of a notification that takes several:
            each is accepted or not by itself.
        fallback: Who is told instead if it does not accept a notification, in order: each is all
            targets of one address.
        fallback_after: Seconds for which it may be broken before that; None for as long as it is.
    """

    channel: str
    address: str
    label: str
    access: Access = NO_ACCESS
    part: int = 0
    fallback: "tuple[tuple[Target, ...], ...]" = ()
    fallback_after: float | None = None


class Mailbox(msgspec.Struct, frozen=True, gc=False):
    """A mail address, perhaps with the name of whom it reaches.

    Attributes:
        address: In its one spelling: the domain in lower-case ASCII.
        name: As it reads: on one line, not encoded; empty if there is none.
    """

    address: str
    name: str = ""


class Heading(msgspec.Struct, frozen=True):
    """Whom a mail names in its headers.

    Attributes:
        to: Addresses of the ``To`` header; with nobody in it, the recipients are undisclosed.
        cc: Addresses of the ``Cc`` header.
        names: By address, if it has one.
        apart: Every target gets a mail of its own, whose ``To`` names nobody else.
        part: Tells this mail from others of the same notification; empty if there are none.
    """

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    apart: bool = False
    part: str = ""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One notification for one destination, to be sent in one request.

    Attributes:
        targets: Whom to reach: one for webhooks, every recipient not yet reached for e-mail.
        source: The name that makes ids stable over retries, redeliveries and replays: the
            ``message_id``, else the origin coordinates of the record.
        digest: SHA-256 of the origin record's value, part of the stable ids.
        heading: For e-mail: the mail's headers, whichever targets are left.
        plain: It is to be sent as plain text: its destination has refused its form.
        trace: Headers that let a receiver go on with the notification's trace.
    """

    notification: Notification
    destination: Destination
    targets: tuple[Target, ...]
    source: str
    digest: bytes
    heading: Heading = Heading()
    plain: bool = False
    trace: tuple[tuple[str, str], ...] = ()
