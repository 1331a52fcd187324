"""``kwargs``: further parts of a message, the same in both shapes."""

from typing import Annotated, Any

import msgspec

from app.policies.mail.addresses import split_mail_addresses
from app.policies.parsing.appearance import (
    AuthorWire,
    EmbedWire,
    FieldWire,
    FooterWire,
    make_author,
    make_color,
    make_embeds,
    make_fields,
    make_footer,
)
from app.policies.parsing.attachments import AttachmentWire, make_attachments
from app.policies.parsing.fitting import DECIDES, name_of, text_of
from app.policies.texts.notes import Notes
from app.values.notification import Author, Embed, Field, Footer, Mail, Sender

Addresses = Annotated[str | list[Any] | None, DECIDES]


class KwargsWire(msgspec.Struct, gc=False):
    """``kwargs`` as producers write them. Keys not named here are ignored."""

    webhook_url: Annotated[str | None, DECIDES] = None
    embed: EmbedWire | None = None
    embeds: list[EmbedWire] | None = None
    color: Any = None
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
    html: Any = None
    attachments: list[AttachmentWire] | None = None
    secret: str | None = None


class Extras(msgspec.Struct, frozen=True, gc=False):
    """``kwargs`` as values.

    Attributes:
        is_html: Whether the content is HTML; None if the message does not say.
    """

    color: int | None = None
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None
    author: Author | None = None
    url: str | None = None
    embeds: tuple[Embed, ...] = ()
    sender: Sender = Sender()
    mail: Mail = Mail()
    is_html: bool | None = None


NOTHING = Extras()
_NO_MAIL = Mail()
_NO_SENDER = Sender()
_NO_LOOKS = (None,) * 6
_NO_SENDER_OR_MAIL = (None,) * 5


def make_extras(wire: KwargsWire | None, notes: Notes) -> Extras:
    """Read ``kwargs`` without the addresses."""
    if wire is None:
        return NOTHING
    if _is_plain(wire):
        return Extras(url=wire.url) if wire.url else NOTHING
    is_html, html = _html(wire.html, notes)
    return Extras(
        color=make_color(wire.color, "kwargs.color", notes),
        fields=make_fields(wire.fields, "kwargs.fields", notes) if wire.fields else (),
        footer=make_footer(wire.footer),
        author=make_author(wire.author),
        url=wire.url or None,
        embeds=make_embeds(wire.embed, wire.embeds, notes),
        sender=_sender(wire),
        mail=_mail(wire, html, notes),
        is_html=is_html,
    )


def mail_addresses(wire: Addresses) -> tuple[str, ...]:
    """Return the addresses of a text or a list of texts, each once, as they are written."""
    if not wire:
        return ()
    texts = [wire] if isinstance(wire, str) else [text_of(each) for each in wire if each]
    return split_mail_addresses(texts)


def _is_plain(wire: KwargsWire) -> bool:
    """Say whether there is nothing but a link and addresses, as in most messages."""
    looks = (wire.embed, wire.embeds, wire.color, wire.fields, wire.footer, wire.author)
    sender_and_mail = (wire.username, wire.avatar_url, wire.cc, wire.bcc, wire.subject)
    return (
        looks == _NO_LOOKS
        and sender_and_mail == _NO_SENDER_OR_MAIL
        and wire.html is None
        and wire.attachments is None
    )


def _sender(wire: KwargsWire) -> Sender:
    if wire.username or wire.avatar_url:
        return Sender(wire.username or None, wire.avatar_url or None)
    return _NO_SENDER


def _mail(wire: KwargsWire, html: str | None, notes: Notes) -> Mail:
    if not (wire.cc or wire.bcc or wire.subject or html or wire.attachments):
        return _NO_MAIL
    return Mail(
        cc=mail_addresses(wire.cc),
        bcc=mail_addresses(wire.bcc),
        subject=_subject(wire.subject, notes),
        html=html,
        attachments=make_attachments(wire.attachments, notes),
    )


def _subject(given: str | None, notes: Notes) -> str | None:
    """Return the subject on one line: a line break could forge mail headers."""
    lines = [line.strip() for line in (given or "").splitlines()]
    subject = " ".join(filter(None, lines))
    if subject != (given or "").strip():
        notes.add("kwargs.subject", "is more than one line; written as one")
    return subject or None


def _html(given: object, notes: Notes) -> tuple[bool | None, str | None]:
    """Return whether the content is HTML, and the alternative for mail."""
    if given is None or isinstance(given, bool):
        return given, None
    if isinstance(given, str):
        return None, given or None
    notes.left_out("kwargs.html", f"expected a text, true or false, got {name_of(given)}")
    return None, None
