"""Notifications, as the parser makes them of records of every shape."""

from enum import IntEnum, StrEnum

import msgspec

from app.values.note import Note


class Priority(IntEnum):
    """Order among the notifications that have been fetched; urgent goes first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class ContentType(StrEnum):
    """The markup of ``content``."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


class Field(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A labelled value of a Discord embed."""

    name: str
    value: str
    inline: bool = False


class Footer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The small line below an embed."""

    text: str
    icon_url: str | None = None


class Author(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The line above an embed's title."""

    name: str
    url: str | None = None
    icon_url: str | None = None


class Image(msgspec.Struct, frozen=True, gc=False):
    """A picture in an embed."""

    url: str


class Embed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One Discord embed (source: Discord's API reference, "Embed Object")."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    color: int | None = None
    footer: Footer | None = None
    image: Image | None = None
    thumbnail: Image | None = None
    author: Author | None = None
    fields: tuple[Field, ...] = ()


class Sender(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Who a webhook message appears to come from; the channel's own name if it is empty."""

    username: str | None = None
    avatar_url: str | None = None


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A file that goes with a mail."""

    filename: str  # as the producer wrote it: any text
    content: bytes
    mimetype: str  # ``type/subtype`` in lower case, without parameters


class Mail(msgspec.Struct, frozen=True, gc=False):
    """The parts that only e-mail uses."""

    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str | None = None
    html: str | None = None  # an alternative to the content, or None
    attachments: tuple[Attachment, ...] = ()


class Metadata(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The envelope's ``metadata`` as far as receivers are told of it."""

    user_uuid: str | None = None
    template_id: str | None = None
    title: str | None = None


class Access(msgspec.Struct, frozen=True, gc=False):
    """Credentials for an address. Secret: the repr leaves them out."""

    headers: tuple[tuple[str, str], ...] = ()  # sent with every request to a webhook
    secret: str | None = None  # signs the requests to a chat robot
    keyword: str | None = None  # must occur in every text for a chat robot

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its secrets: whole values, and the part after a scheme such as ``Bearer``."""
        values = [value for _, value in self.headers]
        tokens = [value.partition(" ")[2] for value in values]
        return tuple(filter(None, (*values, *tokens, self.secret)))

    def __repr__(self) -> str:
        return "Access(***)"


NO_ACCESS = Access()
"""For addresses that let everybody in."""


class Fallback(msgspec.Struct, frozen=True, gc=False):
    """Where a notification goes if an address does not take it.

    Attributes:
        steps: Channel, address and credentials; the next one if one does not take it either.
        after: Seconds for which the address may be broken; None for as long as it is.
    """

    steps: tuple[tuple[str, str, Access], ...]
    after: float | None = None

    def __repr__(self) -> str:
        return f"Fallback({', '.join(channel for channel, _, _ in self.steps)})"


class Request(msgspec.Struct, frozen=True, gc=False):
    """A wish to reach somebody, before the router knows the address.

    Attributes:
        channel: The name of a channel; ``unknown`` with a ``problem``, whose ``addresses`` are the
            producer's own words.
        addresses: Given by the producer (``kwargs.webhook_url``, ``kwargs.to``) or found in the
            recipients file; empty means the default destination, else the inbox.
        recipient: Set when the message names a user or group to be reached by this channel and
            by no other way: without addresses the target fails, no default steps in. Its addresses
            are from the recipients file.
        access: Credentials that some of the addresses ask for, by address.
        fallbacks: What some of the addresses have instead, by address.
        problem: Why it cannot be met, and which part of the message asks for it; None if it can. It
            fails alone.
    """

    channel: str
    addresses: tuple[str, ...] = ()
    recipient: str | None = None
    access: tuple[tuple[str, Access], ...] = ()
    problem: Note | None = None
    fallbacks: tuple[tuple[str, Fallback], ...] = ()


class Notification(msgspec.Struct, frozen=True, weakref=True):
    """A message, and whom it is for.

    Attributes:
        message_id: The producer's id, or None.
        content: The text, never empty.
        requests: Whom to tell, by channel; none if it is for nobody but inactive users.
        timestamp: When it was published, in seconds since the epoch: the producer's word, else the
            record's own time; None if neither says.
        expires_at: Seconds since the epoch after which nothing is sent, or None.
        once: It has an end that cannot be read: it is sent at the first attempt or not at all.
        ordering_key: Notifications with the same key keep their partition's order.
        embeds: Embeds made by the producer; when given they go beside the one made of
            title, content, colour and fields.
        notes: Parts of the record that were left out or changed when it was read.
    """

    content: str
    requests: tuple[Request, ...]
    message_id: str | None = None
    title: str | None = None
    content_type: ContentType = ContentType.TEXT
    priority: Priority = Priority.NORMAL
    timestamp: float | None = None
    expires_at: float | None = None
    once: bool = False
    ordering_key: str | None = None
    color: int | None = None
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None
    author: Author | None = None
    url: str | None = None
    embeds: tuple[Embed, ...] = ()
    sender: Sender = Sender()
    mail: Mail = Mail()
    metadata: Metadata = Metadata()
    notes: tuple[Note, ...] = ()
