"""A notification as attachments with blocks, within what Slack accepts.

Limits: docs.slack.dev, reference of Block Kit. Lengths are counted in UTF-16 units, which are never
fewer than whatever Slack counts, on the text as it is sent.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from app.edges.channels.slack.dialect import Mrkdwn, SlackPlain, escape
from app.edges.channels.texts import NOTHING
from app.policies.texts.cards import Card, CardField, cards_of, clock_time, parts_of, title_of
from app.policies.texts.dialects import Dialect, Parts, cut, fit
from app.policies.texts.markup import Kind, Line, Lines, Span, literal, text_of
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import SHORTENED, clip
from app.policies.texts.visible import shows
from app.values.notification import Notification

MAX_BLOCKS = 50
MAX_TEXT = 12_000
"""Of all texts of a message; Slack names no number, and refuses some above 13,000."""
MAX_SECTION = 3000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_CONTEXT = 2000
MOST_SECTIONS = 3
"""Of one text."""
_SUMMARY = 300
_TOO_LONG = "longer than one message of Slack's; shortened, with a visible mark"
_PLAIN, _MRKDWN = SlackPlain(), Mrkdwn()


class Text(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Slack's text object."""

    type: str
    text: str
    # whether ``:name:`` becomes a picture: never, since it was not written for Slack
    emoji: bool | None = None


class Block(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One block of those that are used here."""

    type: str
    text: Text | None = None
    fields: tuple[Text, ...] = ()
    elements: tuple[Text, ...] = ()


def _text(text: str, kind: str = "plain_text") -> Text:
    return Text(kind, text, emoji=False if kind == "plain_text" else None)


_MARK = Block("context", elements=(_text(SHORTENED),))
_NOTHING = Block("section", text=_text(NOTHING))


class Attachment(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Blocks beside a bar of colour, and what is shown if they are not."""

    fallback: str
    blocks: tuple[Block, ...]
    color: str | None = None


class Content(msgspec.Struct, frozen=True, gc=False):
    """The content of one notification."""

    attachments: tuple[Attachment, ...] = ()  # one for each card; none if it is plain text
    text: str = ""  # plain text, or empty
    blocks: int = 0
    length: int = 0


def render(notification: Notification, notes: Notes) -> Content:
    """Return a notification as attachments."""
    attachments: list[Attachment] = []
    most, room = MAX_BLOCKS - 1, MAX_TEXT - length(_MARK)
    whole = True
    for card in cards_of(notification, MAX_TEXT, notes):
        blocks, whole = _within(_blocks(card, notes), most, room)
        blocks = blocks or ((_NOTHING,) if whole else ())
        most -= len(blocks)
        room -= sum(map(length, blocks))
        if not whole:
            notes.add("content", _TOO_LONG)
            blocks = (*blocks, _MARK)
        color = None if card.color is None else f"#{card.color:06x}"
        attachments.append(Attachment(_summary(card), blocks, color))
        if not whole:
            break
    return Content(tuple(attachments), "", MAX_BLOCKS - 1 - most + (not whole), MAX_TEXT - room)


def render_plain(notification: Notification, notes: Notes) -> Content:
    """Return a notification as plain text."""
    cards = cards_of(notification, MAX_TEXT, notes)
    pages, whole, _ = fit(parts_of(cards), _PLAIN, MAX_TEXT)
    if not whole:
        notes.add("content", _TOO_LONG)
    return Content(text=pages[0] if pages else NOTHING)


def length(block: Block) -> int:
    """Return the length of a block's texts."""
    texts = (*filter(None, (block.text,)), *block.fields, *block.elements)
    return sum(_PLAIN.length(text.text) for text in texts)


def _within(blocks: Iterable[Block], most: int, room: int) -> tuple[tuple[Block, ...], bool]:
    """Return the first blocks, as many as there is room for, and whether that is all."""
    kept: list[Block] = []
    for block in blocks:
        room -= length(block)
        if room < 0 or len(kept) == most:
            return tuple(kept), False
        kept.append(block)
    return tuple(kept), True


def _blocks(card: Card, notes: Notes) -> Iterator[Block]:
    if card.author:
        yield Block("context", elements=(_link(card.author, card.author_url),))
    title = escape(card.title) if shows(card.title) else ""
    if title and _PLAIN.length(title) <= MAX_HEADER:
        yield Block("header", text=_text(title))
    elif title:
        yield from _sections(literal(card.title), notes)
    yield from _sections(card.text, notes)
    yield from _fields(card.fields, notes)
    links = [url for url in (card.url, *card.images) if url and len(escape(url)) < MAX_CONTEXT]
    for url in links:
        yield Block("context", elements=(Text("mrkdwn", f"<{escape(url)}>"),))
    footer = tuple(_footer(card))
    if footer:
        yield Block("context", elements=footer)


def _sections(lines: Lines, notes: Notes) -> Iterator[Block]:
    """Yield a text; as plain text if it was written without markup."""
    kind, dialect = _form(lines)
    pages, whole, _ = fit(Parts(lines), dialect, MAX_SECTION, MOST_SECTIONS)
    if not whole:
        notes.add("content", _TOO_LONG)
    for page in pages or ([NOTHING] if lines else []):
        yield Block("section", text=_text(page, kind))


def _fields(fields: Sequence[CardField], notes: Notes) -> Iterator[Block]:
    beside: list[Text] = []
    for field in fields:
        if not field.inline or len(beside) == MAX_FIELDS:
            if beside:
                yield Block("section", fields=tuple(beside))
            beside = []
        lines = _named(field)
        kind, dialect = _form(lines)
        text, whole = cut(lines, dialect, MAX_FIELD)
        if not whole:
            notes.add("fields", _TOO_LONG)
        shown = _text(text or NOTHING, kind)
        if field.inline:
            beside.append(shown)
        else:
            yield Block("section", text=shown)
    if beside:
        yield Block("section", fields=tuple(beside))


def _named(field: CardField) -> Lines:
    """Return a field with its name above its value."""
    value = field.value if any(shows(each.text) for each in field.value) else ()
    return (Line((Span(field.name),)), *value) if shows(field.name) else value


def _form(lines: Iterable[Line]) -> tuple[str, Dialect]:
    has_markup = any(
        each.kind is not Kind.TEXT or any(span.style or span.url for span in each.spans)
        for each in lines
    )
    return ("mrkdwn", _MRKDWN) if has_markup else ("plain_text", _PLAIN)


def _footer(card: Card) -> Iterator[Text]:
    if shows(card.footer):
        yield _text(cut(literal(card.footer), _PLAIN, MAX_CONTEXT)[0])
    if card.time is not None:
        shown = clock_time(card.time)
        yield Text("mrkdwn", f"<!date^{int(card.time)}^{{date_num}} {{time_secs}}|{shown}>")


def _link(text: str, url: str) -> Text:
    name = cut(literal(text), _PLAIN, MAX_CONTEXT // 2)[0] or NOTHING
    if not url or len(escape(url)) > MAX_CONTEXT // 2:
        return _text(name)
    return Text("mrkdwn", f"<{escape(url)}|{name.replace('|', '¦')}>")


def _summary(card: Card) -> str:
    """Return the text of a phone's notification about a card."""
    said = " · ".join(filter(None, (title_of(card), clip(text_of(card.text).strip(), _SUMMARY))))
    return escape(clip(" ".join(said.split()), _SUMMARY)) or NOTHING
