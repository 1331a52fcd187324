"""A delivery: one notification on its way to one destination."""

from collections.abc import Mapping

import msgspec

from app.values.notification import NO_ACCESS, Access, Notification


class Destination(msgspec.Struct, frozen=True, gc=False):
    """The end of a lane: one webhook, one mail server, the console."""

    channel: str
    address: str  # A webhook URL, ``smtp://host:port``, or ``console``. Secret: never shown.
    label: str  # the redacted address, for logs, pages, statistics and metrics


class Target(msgspec.Struct, frozen=True, gc=False):
    """The unit of account: one address that accepts a notification or does not."""

    channel: str  # as the producer named it: ``webhook`` also if another channel serves its URL
    address: str  # A webhook URL, a mail address, or ``console``. Webhook URLs are secret.
    label: str
    access: Access = NO_ACCESS  # credentials for the address
    # which of its requests this is, counted from 0, of a notification that takes several:
    # each is accepted or not by itself
    part: int = 0
    # who is told instead if it does not accept a notification, in order: each is all targets
    # of one address
    fallback: "tuple[tuple[Target, ...], ...]" = ()
    # seconds for which it may be broken before that; None for as long as it is
    fallback_after: float | None = None


class Mailbox(msgspec.Struct, frozen=True, gc=False):
    """A mail address, perhaps with the name of whom it reaches."""

    address: str  # in its one spelling: the domain in lower-case ASCII
    name: str = ""  # as it reads: on one line, not encoded; empty if there is none


class Heading(msgspec.Struct, frozen=True):
    """Whom a mail names in its headers."""

    # addresses of the ``To`` header; with nobody in it, the recipients are undisclosed
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()  # addresses of the ``Cc`` header
    names: Mapping[str, str] = {}  # by address, if it has one
    apart: bool = False  # every target gets a mail of its own, whose ``To`` names nobody else
    part: str = ""  # tells this mail from others of the same notification; empty if there are none


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One notification for one destination, to be sent in one request."""

    notification: Notification
    destination: Destination
    # whom to reach: one for webhooks, every recipient not yet reached for e-mail
    targets: tuple[Target, ...]
    # the name that makes ids stable over retries, redeliveries and replays: the
    # ``message_id``, else the origin coordinates of the record
    source: str
    digest: bytes  # SHA-256 of the origin record's value, part of the stable ids
    heading: Heading = Heading()  # for e-mail: the mail's headers, whichever targets are left
    plain: bool = False  # it is to be sent as plain text: its destination has refused its form
    # headers that let a receiver go on with the notification's trace
    trace: tuple[tuple[str, str], ...] = ()
