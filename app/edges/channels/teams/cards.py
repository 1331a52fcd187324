"""A notification as elements of an adaptive card (adaptivecards.io, version 1.4).

A text block reads Markdown and has no way to say that a character is meant literally; runs of text
read none. So every line is a block of runs, and nobody is mentioned.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from app.edges.channels.texts import NOTHING
from app.policies.texts.cards import Card, CardField, cards_of, footer_of, parts_of
from app.policies.texts.dialects import Dialect, fit
from app.policies.texts.markup import BOLD, CODE, ITALIC, STRIKE, Kind, Line, Span, line, literal
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import SHORTENED
from app.policies.texts.tones import Tone, tone_of
from app.policies.texts.visible import shows
from app.values.notification import Notification

MAX_BYTES = 20_000
"""Of a whole card; Teams takes 28 KB with what it puts around it, and some report less."""
MOST_LINES = 150
_COLORS = {
    Tone.RED: "Attention",
    Tone.ORANGE: "Warning",
    Tone.YELLOW: "Warning",
    Tone.GREEN: "Good",
    Tone.BLUE: "Accent",
    Tone.PURPLE: "Accent",
    Tone.GREY: "Default",
}
_TOO_LONG = "longer than one card of Teams'; shortened, with a visible mark"
_PLAIN = Dialect()
_encoder = msgspec.json.Encoder()

Element = dict[str, Any]


class Content(msgspec.Struct, frozen=True, gc=False):
    """The content of one notification."""

    elements: tuple[Element, ...]
    size: int  # bytes of them as JSON
    plain: bool = False


def render(notification: Notification, notes: Notes) -> Content:
    """Return a notification as elements of a card."""
    cards = cards_of(notification, MAX_BYTES, notes)
    return _within((element for card in cards for element in _elements(card)), notes)


def render_plain(notification: Notification, notes: Notes) -> Content:
    """Return a notification as one text."""
    cards = cards_of(notification, MAX_BYTES, notes)
    pages, *_ = fit(parts_of(cards), _PLAIN, MAX_BYTES)
    lines = literal(pages[0] if pages else NOTHING)
    content = _within((_runs(each.spans) for each in lines), notes)
    return msgspec.structs.replace(content, plain=True)


def size_of(element: Element) -> int:
    """Return the bytes of an element, and of the comma after it."""
    return len(_encoder.encode(element)) + 1


def _within(elements: Iterable[Element], notes: Notes) -> Content:
    """Keep as many elements as fit, with a mark if that is not all."""
    mark = _runs(line(SHORTENED).spans)
    room = MAX_BYTES - size_of(mark)
    kept: list[Element] = []
    for element in elements:
        size = size_of(element)
        if size > room or len(kept) == MOST_LINES:
            notes.add("content", _TOO_LONG)
            kept += [*_cut(element, room), mark]
            break
        room -= size
        kept.append(element)
    return Content(tuple(kept), MAX_BYTES - room)


def _cut(element: Element, room: int) -> Iterator[Element]:
    """Yield the beginning of an element whose first run is longer than there is room for."""
    run = element["inlines"][0]
    bare = size_of({**element, "inlines": [{**run, "text": ""}]})
    text = run["text"].encode()[: max(room - bare, 0) // 2].decode(errors="ignore")
    cut = {**element, "inlines": [{**run, "text": text}]}
    if shows(text) and size_of(cut) <= room:
        yield cut


def _elements(card: Card) -> Iterator[Element]:
    if card.author:
        yield _runs((Span(card.author, ITALIC, card.author_url or None),), subtle=True)
    if shows(card.title):
        color = None if card.color is None else _COLORS[tone_of(card.color)]
        yield _runs((Span(card.title, BOLD, card.url or None),), color=color, size="Medium")
    for each in card.text or (Line(),):
        yield _line(each)
    for field in card.fields:
        yield from _field(field)
    links = [*card.images, *([card.url] if card.url and not shows(card.title) else [])]
    for url in links:
        yield _runs((Span(url, 0, url),))
    if footer := footer_of(card):
        yield _runs((Span(footer),), subtle=True)


def _field(field: CardField) -> Iterator[Element]:
    """Yield a field as ``name: value``, further lines of the value below."""
    name = (Span(f"{field.name}: ", BOLD),) if shows(field.name) else ()
    first, *others = field.value or (Line(),)
    if first.kind is Kind.TEXT:
        yield _runs((*name, *first.spans))
    else:
        yield _runs(name)
        yield _line(first)
    yield from map(_line, others)


def _line(read: Line) -> Element:
    match read.kind:
        case Kind.HEADING:
            return _runs(tuple(Span(each.text, each.style | BOLD, each.url) for each in read.spans))
        case Kind.CODE | Kind.TABLE:
            return _runs((Span(read.text, CODE),))
        case Kind.TEXT:
            return _runs(read.spans)
        case _:
            mark = _PLAIN.row("", read)
            return _runs((Span(mark), *read.spans))


def _runs(
    spans: Iterable[Span],
    *,
    color: str | None = None,
    size: str | None = None,
    subtle: bool = False,
) -> Element:
    """Return a line as a block of runs."""
    looks: Element = {}
    if color:
        looks["color"] = color
    if size:
        looks["size"] = size
    if subtle:
        looks |= {"isSubtle": True, "size": "Small"}
    runs = [{**_run(span), **looks} for span in spans if span.text]
    return {"type": "RichTextBlock", "inlines": runs or [_run(Span(" "))], "spacing": "None"}


def _run(span: Span) -> Element:
    run: Element = {"type": "TextRun", "text": span.text}
    if span.style & BOLD:
        run["weight"] = "Bolder"
    if span.style & ITALIC:
        run["italic"] = True
    if span.style & STRIKE:
        run["strikethrough"] = True
    if span.style & CODE:
        run["fontType"] = "Monospace"
    if span.url is not None:
        run["selectAction"] = {"type": "Action.OpenUrl", "url": span.url}
    return run
