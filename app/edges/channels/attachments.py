"""Attachments in Slack's older format, which Mattermost and Rocket.Chat show."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from app.edges.channels.chat import RenderingChannel
from app.edges.channels.over_http import HttpRequest, json_request
from app.edges.channels.texts import NOTHING
from app.policies.texts.cards import Card, cards_of, footer_of, parts_of
from app.policies.texts.commonmark import uncalled
from app.policies.texts.dialects import Dialect, cut, fit
from app.policies.texts.markup import line, text_of
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import SHORTENED, clip
from app.policies.texts.visible import shows
from app.values.delivery import Target
from app.values.notification import Notification

_SUMMARY = 200
_TOO_LONG = "longer than one message takes; shortened, with a visible mark"


class AttachmentField(msgspec.Struct, frozen=True, gc=False):
    """A labelled value; short ones stand side by side."""

    title: str
    value: str
    short: bool


class Attachment(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Texts and fields beside a bar of colour."""

    fallback: str
    color: str = ""
    author_name: str = ""
    author_link: str = ""
    title: str = ""
    title_link: str = ""
    text: str = ""
    fields: tuple[AttachmentField, ...] = ()
    image_url: str = ""
    footer: str = ""


class Content(msgspec.Struct, frozen=True, gc=False):
    """The content of one notification."""

    attachments: tuple[Attachment, ...] = ()  # one for each card; none if it is plain text
    text: str = ""  # plain text, or empty
    length: int = 0  # of all texts


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    attachments: tuple[Attachment, ...] = ()
    text: str = ""


class AttachmentForm(msgspec.Struct, frozen=True):
    """A service's form of attachments."""

    dialect: Dialect
    limit: int  # length of all texts of a message

    def render(self, notification: Notification, notes: Notes) -> Content:
        """Return a notification as attachments."""
        attachments: list[Attachment] = []
        room = self.limit - len(SHORTENED)
        for card in cards_of(notification, self.limit, notes):
            if room <= _SUMMARY:
                notes.add("content", _TOO_LONG)
                attachments.append(Attachment(SHORTENED, text=SHORTENED))
                break
            attachment, used, whole = self._attachment(card, room)
            if not whole:
                notes.add("content", _TOO_LONG)
            room -= used
            attachments.append(attachment)
        return Content(tuple(attachments), "", self.limit - room)

    def render_plain(self, notification: Notification, notes: Notes) -> Content:
        """Return a notification as a text without attachments."""
        cards = cards_of(notification, self.limit, notes)
        pages, whole, _ = fit(parts_of(cards), self.dialect, self.limit)
        if not whole:
            notes.add("content", _TOO_LONG)
        return Content(text=pages[0] if pages else NOTHING)

    def _attachment(self, card: Card, room: int) -> tuple[Attachment, int, bool]:
        """Return a card as an attachment, what it takes, and whether that is all of it."""
        title = self.dialect.write_row(line(card.title)) if card.title else ""
        footer, author = uncalled(footer_of(card)), uncalled(card.author)
        room -= len(title) + len(footer) + len(author)
        fields, rest, all_fields = self._fields(card, room // 2)
        text, whole = cut(card.text, self.dialect, max(rest + room - room // 2, _SUMMARY))
        if card.url and not card.title:
            text = "\n".join(filter(None, (text, card.url)))
        images = card.images[1:]
        if images:
            text = "\n".join((text, *images))
        made = Attachment(
            fallback=_summary(card),
            color="" if card.color is None else f"#{card.color:06x}",
            author_name=author,
            author_link=card.author_url if author else "",
            title=title,
            title_link=card.url if title else "",
            text=text or ("" if title or fields else NOTHING),
            fields=fields,
            image_url=card.images[0] if card.images else "",
            footer=footer,
        )
        return made, _length(made), whole and all_fields

    def _fields(self, card: Card, room: int) -> tuple[tuple[AttachmentField, ...], int, bool]:
        made: list[AttachmentField] = []
        for field in card.fields:
            name = uncalled(field.name) if shows(field.name) else ""
            if room <= len(name) + _SUMMARY:
                made.append(AttachmentField("", SHORTENED, short=False))
                return tuple(made), max(room, 0), False
            value, _ = cut(field.value, self.dialect, room - len(name))
            made.append(AttachmentField(name, value, field.inline))
            room -= len(name) + len(value)
        return tuple(made), room, True


class AttachmentChannel(RenderingChannel[Content]):
    """A service that takes attachments."""

    form: ClassVar[AttachmentForm]

    def content(self, notification: Notification, notes: Notes, *, plain: bool) -> Content:
        """See ``RenderingChannel.content``."""
        form = self.form
        return (form.render_plain if plain else form.render)(notification, notes)

    def compose(self, contents: Sequence[Content], target: Target, now: float) -> HttpRequest:
        """See ``ChatChannel.compose``."""
        del now
        attachments = tuple(each for content in contents for each in content.attachments)
        return json_request(target, _Body(attachments, contents[0].text))

    def fits(self, contents: Sequence[Content], more: Content) -> bool:
        """See ``ChatChannel.fits``."""
        return sum(each.length for each in contents) + more.length <= self.form.limit


def _length(attachment: Attachment) -> int:
    fields = sum(len(field.title) + len(field.value) for field in attachment.fields)
    texts = (attachment.title, attachment.text, attachment.footer, attachment.author_name)
    return fields + sum(map(len, texts))


def _summary(card: Card) -> str:
    said = " · ".join(filter(None, (card.title, text_of(card.text).strip())))
    return uncalled(clip(" ".join(said[: 2 * _SUMMARY].split()), _SUMMARY)) or NOTHING
