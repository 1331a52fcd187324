"""The envelope (v1): what the original's producers send."""

from typing import Literal

import msgspec

from app.policies.addresses import split_mail_addresses
from app.policies.parsing.addressing import contact_addresses
from app.policies.parsing.appearance import (
    AuthorWire,
    ColorWire,
    EmbedWire,
    FieldWire,
    FooterWire,
    make_author,
    make_color,
    make_embed,
    make_fields,
    make_footer,
)
from app.policies.parsing.times import read_expiry, read_time
from app.values.errors import InvalidRecordError
from app.values.notification import (
    ContentType,
    Embed,
    Mail,
    Metadata,
    Notification,
    Priority,
    Request,
    Sender,
)
from app.values.recipients import Recipients

Channel = Literal["webhook", "discord", "email", "console"]
Addresses = str | list[str] | None


class MetadataWire(msgspec.Struct, gc=False):
    """``metadata``; the original's producers write null for what they do not know."""

    user_uuid: str | None = None
    template_id: str | None = None
    title: str | None = None


class KwargsWire(msgspec.Struct):
    """``kwargs``: what the channels take beyond title and content."""

    webhook_url: str | None = None
    embed: EmbedWire | None = None
    embeds: list[EmbedWire] | None = None
    color: ColorWire | None = None
    fields: list[FieldWire] | None = None
    footer: str | FooterWire | None = None
    author: str | AuthorWire | None = None
    url: str | None = None
    username: str | None = None
    avatar_url: str | None = None
    to: Addresses = None
    cc: Addresses = None
    bcc: Addresses = None
    subject: str | None = None
    html: str | None = None


class Envelope(msgspec.Struct):
    """The whole record. Keys not named here are ignored."""

    content: str
    channels: list[Channel]
    message_id: str | None = None
    content_type: ContentType | None = None
    priority: Priority | None = None
    timestamp: str | None = None
    metadata: MetadataWire | None = None
    kwargs: KwargsWire | None = None
    expires_at: str | None = None
    ttl_seconds: float | None = None
    ordering_key: str | None = None


_NO_METADATA = MetadataWire()
_NO_KWARGS = KwargsWire()
_NO_MAIL = Mail()
_NO_SENDER = Sender()


def from_envelope(envelope: Envelope, record_time: float, recipients: Recipients) -> Notification:
    """Read an envelope.

    Args:
        envelope: As decoded.
        record_time: The record's own time in seconds since the epoch.
        recipients: Where ``metadata.user_uuid`` is looked up; an unknown one is no error.

    Raises:
        InvalidRecordError: A field is wrong.
    """
    if not envelope.content or envelope.content.isspace():
        raise InvalidRecordError("must not be empty", "content")
    if not envelope.channels:
        raise InvalidRecordError("must name at least one channel", "channels")
    metadata = envelope.metadata or _NO_METADATA
    kwargs = envelope.kwargs or _NO_KWARGS
    timestamp = read_time(envelope.timestamp, "timestamp")
    since = record_time if timestamp is None else timestamp
    return Notification(
        content=envelope.content,
        requests=_requests(envelope.channels, kwargs, metadata.user_uuid, recipients),
        message_id=envelope.message_id or None,
        title=metadata.title or None,
        content_type=envelope.content_type or ContentType.TEXT,
        priority=Priority.NORMAL if envelope.priority is None else envelope.priority,
        timestamp=timestamp,
        expires_at=read_expiry(envelope.expires_at, envelope.ttl_seconds, since),
        ordering_key=envelope.ordering_key or None,
        color=make_color(kwargs.color, "kwargs.color"),
        fields=make_fields(kwargs.fields) if kwargs.fields else (),
        footer=make_footer(kwargs.footer),
        author=make_author(kwargs.author),
        url=kwargs.url or None,
        embeds=_embeds(kwargs),
        sender=_sender(kwargs),
        mail=_mail(kwargs),
        metadata=Metadata(metadata.user_uuid, metadata.template_id, metadata.title),
    )


def _requests(
    channels: list[Channel], kwargs: KwargsWire, user_uuid: str | None, recipients: Recipients
) -> tuple[Request, ...]:
    """Give each channel the producer's own address, else the user's contacts, else none."""
    contacts = recipients.users.get(user_uuid, ()) if user_uuid else ()
    requests = []
    for channel in dict.fromkeys(channels):
        addresses = _own_addresses(channel, kwargs)
        if not addresses and contacts:
            addresses = contact_addresses(contacts, channel)
        requests.append(Request(channel, addresses))
    return tuple(requests)


def _own_addresses(channel: Channel, kwargs: KwargsWire) -> tuple[str, ...]:
    if channel == "email":
        return _mail_addresses(kwargs.to)
    if channel == "console" or kwargs.webhook_url is None:
        return ()
    url = kwargs.webhook_url.strip()
    return (url,) if url else ()


def _mail_addresses(wire: Addresses) -> tuple[str, ...]:
    if not wire:
        return ()
    texts = [wire] if isinstance(wire, str) else wire
    found = (address for text in texts for address in split_mail_addresses(text))
    return tuple(dict.fromkeys(found))


def _embeds(kwargs: KwargsWire) -> tuple[Embed, ...]:
    """Return the producer's embeds; one that says nothing would make Discord refuse the rest."""
    if kwargs.embed is None and not kwargs.embeds:
        return ()
    embeds = []
    if kwargs.embed is not None:
        embeds.append(make_embed(kwargs.embed, "kwargs.embed"))
    for index, wire in enumerate(kwargs.embeds or ()):
        embeds.append(make_embed(wire, f"kwargs.embeds[{index}]"))
    return tuple(embed for embed in embeds if embed != Embed())


def _sender(kwargs: KwargsWire) -> Sender:
    if kwargs.username or kwargs.avatar_url:
        return Sender(kwargs.username or None, kwargs.avatar_url or None)
    return _NO_SENDER


def _mail(kwargs: KwargsWire) -> Mail:
    if not (kwargs.cc or kwargs.bcc or kwargs.subject or kwargs.html):
        return _NO_MAIL
    subject = kwargs.subject or None
    if subject and subject.splitlines() != [subject]:  # a line break would forge mail headers
        raise InvalidRecordError("must be one line", "kwargs.subject")
    return Mail(
        cc=_mail_addresses(kwargs.cc),
        bcc=_mail_addresses(kwargs.bcc),
        subject=subject,
        html=kwargs.html or None,
    )
