"""The parts of a chat message: a notification as cards, one for itself and one for each embed."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from app.policies.parsing.times import read_time
from app.policies.texts.dialects import Parts
from app.policies.texts.markdown import read_markdown
from app.policies.texts.markup import BOLD, ITALIC, Kind, Line, Lines, Span, line, literal
from app.policies.texts.notes import ATTACHMENTS, Notes
from app.policies.texts.plain_text import SHORTENED, one_line, readable
from app.policies.texts.tones import tone_of
from app.policies.texts.visible import shows
from app.values.notification import Author, ContentType, Embed, Field, Notification

MOST_EMBEDS = 10
"""Of a notification: as many as Discord takes."""
MOST_LINES = 1000
MOST_FIELDS = 50
"""Of a card."""
MOST_NAME = 1024
"""Characters of a title, a field's name, a footer or an author."""
MOST_VALUE = 2048
_SCHEMES = ("http://", "https://")


class CardField(msgspec.Struct, frozen=True, gc=False):
    """A labelled value."""

    name: str  # on one line; perhaps empty
    value: Lines  # perhaps several lines
    inline: bool = False  # it may stand beside others


class Card(msgspec.Struct, frozen=True, gc=False):
    """One card of a message; what is empty is not there."""

    title: str = ""
    url: str = ""  # where the title leads
    author: str = ""
    author_url: str = ""  # where that leads
    text: Lines = ()
    fields: tuple[CardField, ...] = ()
    images: tuple[str, ...] = ()
    footer: str = ""
    time: float | None = None  # when it was published, in seconds since the epoch
    color: int | None = None  # 0xRRGGBB


class _Room:
    """What is still read of a notification: nobody reads more of it in a chat."""

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._lines = MOST_LINES

    @property
    def used_up(self) -> bool:
        """Whether nothing more is read."""
        return self._characters <= 0 or self._lines <= 0

    def take(self, text: str, most: int, path: str, notes: Notes) -> str:
        """Return as much of a text as there is room for, with a mark if that is not all."""
        taken = text[: max(min(most, self._characters), 0)]
        if taken.count("\n") >= self._lines:
            taken = "\n".join(taken.split("\n", self._lines)[: self._lines])
        self._characters -= len(taken)
        self._lines -= taken.count("\n") + 1
        if len(taken) == len(text):
            return text
        notes.add(path, "longer than is read of it; shortened, with a visible mark")
        return f"{taken}\n{SHORTENED}"


def cards_of(notification: Notification, most: int, notes: Notes) -> tuple[Card, ...]:
    """Return the cards of a notification, at least one.

    Args:
        most: Characters that are read of all its texts together.
    """
    room = _Room(most)
    cards = [_own(notification, room, most, notes)]
    for index, embed in enumerate(notification.embeds):
        if index == MOST_EMBEDS or room.used_up:
            count = len(notification.embeds)
            notes.add("embeds", f"{count} embeds; those beyond {index} are left out")
            cards.append(Card(text=literal(SHORTENED)))
            break
        cards.append(_embedded(embed, room, f"embeds[{index}]", notes))
    if notification.mail.attachments:
        notes.left_out(ATTACHMENTS, "this service sends no files to chats")
    return tuple(cards)


def parts_of(cards: Iterable[Card]) -> Parts:
    """Return cards as lines, for services that show nothing but text."""
    first, *others = cards
    rest = [each for other in others for each in (Line(), *lines_of(other))]
    end = _end(first)
    if rest:
        return Parts((*_head(first), *first.text, *_fields(first), *rest), end)
    return Parts((*_head(first), *first.text), (*_fields(first), *end))


def lines_of(card: Card) -> Lines:
    """Return a card as lines."""
    return (*_head(card), *card.text, *_fields(card), *_end(card))


def title_of(card: Card) -> str:
    """Return a card's title with a picture of its colour; empty if it has no title."""
    if not card.title or card.color is None:
        return card.title
    return f"{tone_of(card.color)} {card.title}"


def footer_of(card: Card) -> str:
    """Return a card's footer with its time."""
    return " · ".join(filter(None, (card.footer, clock_time(card.time))))


def clock_time(moment: float | None) -> str:
    """Return a time as this machine's clocks show it, with its distance to UTC."""
    if moment is None:
        return ""
    here = datetime.fromtimestamp(moment, UTC).astimezone()
    offset = here.strftime("%z")
    return f"{here:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _own(notification: Notification, room: _Room, most: int, notes: Notes) -> Card:
    text = room.take(readable(notification, most), most, "content", notes)
    markdown = notification.content_type is ContentType.MARKDOWN
    footer, author = notification.footer, notification.author
    return Card(
        title=_name(notification.title),
        url=_link(notification.url, "url", notes),
        author=_name(author.name if author else None),
        author_url=_author_link(author, "author.url", notes),
        text=_lines(text, markdown=markdown),
        fields=_card_fields(notification.fields, room, "fields", notes, markdown=markdown),
        footer=_name(footer.text if footer else None),
        time=notification.timestamp,
        color=notification.color,
    )


def _embedded(embed: Embed, room: _Room, path: str, notes: Notes) -> Card:
    text = embed.description or ""
    text = text and room.take(text, len(text), f"{path}.description", notes)
    footer, author = embed.footer, embed.author
    images = [image.url for image in (embed.image, embed.thumbnail) if image]
    return Card(
        title=_name(embed.title),
        url=_link(embed.url, f"{path}.url", notes),
        author=_name(author.name if author else None),
        author_url=_author_link(author, f"{path}.author.url", notes),
        text=_lines(text, markdown=True) if text else (),
        fields=_card_fields(embed.fields, room, f"{path}.fields", notes, markdown=True),
        images=tuple(filter(None, (_link(each, f"{path}.image", notes) for each in images))),
        footer=_name(footer.text if footer else None),
        time=read_time(embed.timestamp, f"{path}.timestamp", notes),
        color=embed.color,
    )


def _lines(text: str, *, markdown: bool) -> Lines:
    read = read_markdown(text) if markdown else ()
    # Signs alone, as of a block of code that was never closed, are what was said.
    return read if any(shows(each.text) for each in read) else literal(text)


def _name(text: str | None) -> str:
    read = (text or "")[: 2 * MOST_NAME]
    name = one_line(read)
    if len(read) < len(text or "") or len(name) > MOST_NAME:
        return f"{name[:MOST_NAME]}{SHORTENED}"
    return name if shows(name) else ""


def _link(url: str | None, path: str, notes: Notes) -> str:
    """Return a URL that a reader may be led to."""
    if not url:
        return ""
    if not url.lower().startswith(_SCHEMES) or len(url) > MOST_VALUE or not url.isprintable():
        notes.left_out(path, "not a link that a chat shows")
        return ""
    return url.replace(" ", "%20").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")


def _author_link(author: Author | None, path: str, notes: Notes) -> str:
    return _link(author.url if author else None, path, notes)


def _card_fields(
    fields: tuple[Field, ...], room: _Room, path: str, notes: Notes, *, markdown: bool
) -> tuple[CardField, ...]:
    read: list[CardField] = []
    for index, field in enumerate(fields):
        if index == MOST_FIELDS or room.used_up:
            notes.add(path, f"{len(fields)} fields; those beyond {index} are left out")
            read.append(CardField("", literal(SHORTENED)))
            break
        value = room.take(field.value, MOST_VALUE, f"{path}[{index}].value", notes)
        read.append(CardField(_name(field.name), _lines(value, markdown=markdown), field.inline))
    return tuple(read)


def _head(card: Card) -> Lines:
    """Return author and title; a link without a title is a line of its own."""
    lines = []
    if card.author:
        lines.append(line(card.author, ITALIC, card.author_url or None))
    if card.title:
        picture = "" if card.color is None else f"{tone_of(card.color)} "
        title = Span(card.title, BOLD, card.url or None)
        lines.append(Line((Span(picture), title) if picture else (title,)))
    elif card.color is not None and card.text:
        return (*lines, line(tone_of(card.color)))
    return tuple(lines)


def _fields(card: Card) -> Lines:
    return tuple(each for field in card.fields for each in _field(field))


def _field(field: CardField) -> Lines:
    """Return a field as ``name: value``, further lines of the value below."""
    if not field.name:
        return field.value
    name = Span(f"{field.name}: ", BOLD)
    first, *others = field.value or (Line(),)
    if not first.spans:
        return (Line((name,)), *others)
    if first.kind is not Kind.TEXT:
        return (Line((name,)), first, *others)
    return (Line((name, *first.spans)), *others)


def _end(card: Card) -> Lines:
    lines = [line(url, url=url) for url in card.images]
    if card.url and not card.title:
        lines.append(line(card.url, url=card.url))
    if footer := footer_of(card):
        lines.append(line(footer, ITALIC))
    return tuple(lines)
