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
    """Where a notification goes if an address does not take it."""

    # channel, address and credentials; the next one if one does not take it either
    steps: tuple[tuple[str, str, Access], ...]
    # seconds for which the address may be broken; None for as long as it is
    after: float | None = None

    def __repr__(self) -> str:
        return f"Fallback({', '.join(channel for channel, _, _ in self.steps)})"


class Request(msgspec.Struct, frozen=True, gc=False):
    """A wish to reach somebody, before the router knows the address."""

    # the name of a channel; ``unknown`` with a ``problem``, whose ``addresses`` are the
    # producer's own words
    channel: str
    # given by the producer (``kwargs.webhook_url``, ``kwargs.to``) or found in the recipients
    # file; empty means the default destination, else the inbox
    addresses: tuple[str, ...] = ()
    # Set when the message names a user or group to be reached by this channel and by no other
    # way: without addresses the target fails, no default steps in. Its addresses are from the
    # recipients file.
    recipient: str | None = None
    # credentials that some of the addresses ask for, by address
    access: tuple[tuple[str, Access], ...] = ()
    # Why it cannot be met, and which part of the message asks for it; None if it can. It
    # fails alone.
    problem: Note | None = None
    # what some of the addresses have instead, by address
    fallbacks: tuple[tuple[str, Fallback], ...] = ()


class Notification(msgspec.Struct, frozen=True, weakref=True):
    """A message, and whom it is for."""

    content: str  # the text, never empty
    # whom to tell, by channel; none if it is for nobody but inactive users
    requests: tuple[Request, ...]
    message_id: str | None = None  # the producer's id, or None
    title: str | None = None
    content_type: ContentType = ContentType.TEXT
    priority: Priority = Priority.NORMAL
    # when it was published, in seconds since the epoch: the producer's word, else the
    # record's own time; None if neither says
    timestamp: float | None = None
    expires_at: float | None = None  # seconds since the epoch after which nothing is sent, or None
    # it has an end that cannot be read: it is sent at the first attempt or not at all
    once: bool = False
    ordering_key: str | None = None  # notifications with the same key keep their partition's order
    color: int | None = None
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None
    author: Author | None = None
    url: str | None = None
    # embeds made by the producer; when given they go beside the one made of title, content,
    # colour and fields
    embeds: tuple[Embed, ...] = ()
    sender: Sender = Sender()
    mail: Mail = Mail()
    metadata: Metadata = Metadata()
    # parts of the record that were left out or changed when it was read
    notes: tuple[Note, ...] = ()
