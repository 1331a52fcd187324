"""A notification as a Feishu card: literal text goes into plain text elements.

Source: open.feishu.cn, "Card JSON 1.0 structure" with its components.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from app.edges.channels.chat import Rendered
from app.edges.channels.feishu.dialect import MarkdownDialect, PlainDialect
from app.edges.channels.rendering import Renderings
from app.edges.channels.robots import MOST_TITLE, RobotDialect, identified, link_to, tone_for
from app.edges.channels.texts import NOTHING
from app.policies.texts.cards import Card, CardField, cards_of, footer_of, lines_of
from app.policies.texts.dialects import Dialect, Parts, fit
from app.policies.texts.markup import BOLD, Kind, Line, Lines, line, text_of
from app.policies.texts.notes import Notes
from app.policies.texts.plain_text import clip, shorten
from app.policies.texts.tones import Tone, rank_of, tone_of
from app.policies.texts.visible import shows
from app.values.notification import Notification, Priority

MOST_BODY = 20_000
"""Bytes of a body; Feishu says 20 KB, and not of which size."""
MOST_REQUESTS = 3
"""Messages that one notification takes at most."""
MOST_ELEMENTS = 40
_ENVELOPE = 1500
"""Bytes for what is around the elements: title, signature, keyword."""
_FIXED = 8000
"""Bytes for fields, link and footer; if they take more, they stand in the text."""
_MOST_READ = 20_000
_ELEMENT = 130
"""Bytes of two more elements, with nothing in them."""
_VERBATIM = (Kind.CODE, Kind.TABLE)
_APART = (*_VERBATIM, Kind.RULE)
_TEMPLATES = {
    Tone.RED: "red",
    Tone.ORANGE: "orange",
    Tone.YELLOW: "yellow",
    Tone.GREEN: "green",
    Tone.BLUE: "blue",
    Tone.PURPLE: "purple",
    Tone.GREY: "grey",
    None: "blue",
}

_markdown, _literal, _plain = MarkdownDialect(), RobotDialect(), PlainDialect()
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[msgspec.Raw])

Element = dict[str, Any]


class Page(msgspec.Struct, frozen=True, gc=False):
    """The content of one message."""

    elements: tuple[msgspec.Raw, ...]  # of the card, each in JSON
    text: str  # all of it if it is plain text; else empty
    title: str  # on one line; empty if there is none, or on further pages
    tone: Tone | None  # that of its colour, or of its priority
    priority: Priority
    length: int  # bytes of the elements


def requests_for(notification: Notification) -> int:
    """Return how many messages a notification takes."""
    return len(render(notification).requests)


def render(notification: Notification) -> Rendered[Page]:
    """Return the cards of a notification; they are made once."""
    return _rendered.of(notification)


def _render(notification: Notification) -> Rendered[Page]:
    notes = Notes()
    own, *others = cards_of(identified(notification), _MOST_READ, notes)
    text, end = _parts(own, others)
    room = MOST_BODY - _ENVELOPE - _size(end)
    # The title of a header is short; a longer one stands in the text as well.
    if len(own.title) > MOST_TITLE:
        text = (line(own.title, BOLD), *text)
    dialect = _Elements(bare=all(map(_is_bare, text)))
    fitted = fit(Parts(text), dialect, room, MOST_REQUESTS)
    if not fitted.whole:
        notes.add("content", "longer than the service takes; shortened, with a visible mark")
    pages = [list(_decoder.decode(page)) for page in fitted.pages] or [[]]
    pages[-1] += [msgspec.Raw(_encoder.encode(element)) for element in end]
    shown = pages if any(pages) else [[msgspec.Raw(_encoder.encode(_div(NOTHING)))]]
    tone = tone_for(None if own.color is None else tone_of(own.color), notification.priority)
    title = clip(own.title, MOST_TITLE)
    return Rendered(
        tuple(
            _page(elements, "" if number else title, tone, notification.priority)
            for number, elements in enumerate(shown)
        ),
        notes.all(),
    )


_rendered = Renderings(_render)


def render_plain(notification: Notification) -> Rendered[Page]:
    """Return the messages of a notification as plain text."""
    notes = Notes()
    cards = cards_of(identified(notification), _MOST_READ, notes)
    lines = [each for card in cards for each in (*lines_of(card), Line())][:-1]
    # As many messages as there were before are sent again.
    most = requests_for(notification)
    fitted = fit(Parts(tuple(lines)), _plain, MOST_BODY - _ENVELOPE, most)
    texts = fitted.pages or (NOTHING,)
    return Rendered(
        tuple(Page((), text, "", None, notification.priority, 0) for text in texts), notes.all()
    )


def fits(pages: Sequence[Page], more: Page) -> bool:
    """Say whether one more notification fits into a card."""
    every = (*pages, more)
    room = MOST_BODY - _ENVELOPE - sum(8 * len(page.title) + 120 for page in every)
    elements = sum(len(page.elements) + 2 for page in every)
    return elements <= MOST_ELEMENTS and sum(page.length for page in every) <= room


def card_of(pages: Sequence[Page], keyword: str | None) -> dict[str, Any]:
    """Return the card that shows one notification, or several that fit: the gravest on top.

    Args:
        pages: Of one notification, or one of each.
        keyword: What the robot demands; None for nothing.
    """
    worst = min(pages, key=lambda each: (rank_of(each.tone), -each.priority))
    elements: list[object] = []
    for number, page in enumerate(pages):
        if number:
            elements.append({"tag": "hr"})
        if len(pages) > 1 and page.title:
            elements.append(_div_of(_markdown.write((line(_heading(page), BOLD),))))
        elements += page.elements
    title = f"{worst.title} (+{len(pages) - 1})" if len(pages) > 1 and worst.title else worst.title
    if keyword and not _has(keyword, title, pages):
        elements.append(_note(keyword))
    card: dict[str, Any] = {"config": {"wide_screen_mode": True}, "elements": elements}
    if shows(title):
        heading = {"tag": "plain_text", "content": title}
        card["header"] = {"template": _TEMPLATES[worst.tone], "title": heading}
    return card


def _heading(page: Page) -> str:
    return f"{page.tone} {page.title}" if page.tone else page.title


def _has(keyword: str, title: str, pages: Iterable[Page]) -> bool:
    wanted = _encoder.encode(keyword)[1:-1]
    return keyword in title or any(
        wanted in bytes(element) for page in pages for element in page.elements
    )


def _parts(own: Card, others: Sequence[Card]) -> tuple[Lines, list[Element]]:
    """Return the lines that may be shortened, and the elements that stand after them."""
    head = (line(own.author, url=own.author_url or None),) if own.author else ()
    mark = () if own.title or own.color is None else (line(tone_of(own.color)),)
    embeds = [each for card in others for each in (Line((), Kind.RULE), *lines_of(card))]
    images = tuple(line(url, url=url) for url in own.images)
    text = (*head, *mark, *own.text, *embeds, *images)
    fields = list(_field_elements(own.fields))
    link = [_button(own.url)] if link_to(own.url)[0] else []
    footer = footer_of(own)
    end = [*fields, *link, *([_note(footer)] if shows(footer) else [])]
    if _size(end) <= _FIXED:
        return text, end
    as_lines = lines_of(Card(fields=own.fields))
    short = [*link, *([_note(shorten(footer, MOST_TITLE * 4))] if shows(footer) else [])]
    return (*text, *as_lines), short


def _page(
    elements: Sequence[msgspec.Raw], title: str, tone: Tone | None, priority: Priority
) -> Page:
    length = sum(len(bytes(each)) + 1 for each in elements)
    return Page(tuple(elements), "", title, tone, priority, length)


def _size(elements: Iterable[Element]) -> int:
    return sum(len(_encoder.encode(element)) + 1 for element in elements)


class _Elements(Dialect):
    """Writes lines as the elements of a card, in JSON.

    Plain text if nothing in them has looks; else Markdown, but for code and tables.
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._dialect = _literal if bare else _markdown

    def write_row(self, line: Line) -> str:
        """See ``Dialect.write_row``."""
        dialect = _literal if line.kind in _VERBATIM else self._dialect
        return dialect.write_row(line)

    def measure(self, kind: Kind, row: str) -> int:
        """See ``Dialect.measure``: what is no text may stand in an element of its own."""
        apart = not self._bare and kind in _APART
        return self._dialect.measure(kind, row) + (_ELEMENT if apart else 0)

    def length(self, written: str) -> int:
        """Return bytes of JSON."""
        return self._dialect.length(written)

    def join(self, rows: Iterable[tuple[Kind, str]]) -> str:
        """See ``Dialect.join``."""
        return _encoder.encode(list(self._joined(rows))).decode()

    def _joined(self, rows: Iterable[tuple[Kind, str]]) -> Iterator[Element]:
        for sort, group in groupby(rows, self._sort_of):
            text = "\n".join(row for _, row in group)
            if sort is Kind.RULE:
                yield {"tag": "hr"}
            elif shows(text):
                yield _div(text) if sort is Kind.CODE else {"tag": "markdown", "content": text}

    def _sort_of(self, row: tuple[Kind, str]) -> Kind:
        kind, _ = row
        if self._bare or kind in _VERBATIM:
            return Kind.CODE
        return Kind.RULE if kind is Kind.RULE else Kind.TEXT


def _is_bare(each: Line) -> bool:
    if each.kind is not Kind.TEXT and each.kind not in _VERBATIM:
        return False
    return all(not span.style and span.url is None for span in each.spans)


def _div(text: str) -> Element:
    return {"tag": "div", "text": {"tag": "plain_text", "content": text}}


def _div_of(markdown: str) -> Element:
    return {"tag": "markdown", "content": markdown}


def _note(text: str) -> Element:
    content = _literal.literal(text)
    return {"tag": "note", "elements": [{"tag": "plain_text", "content": content}]}


def _button(url: str) -> Element:
    link, host = link_to(url)
    text = {"tag": "plain_text", "content": f"🔗 {clip(host, MOST_TITLE)}"}
    return {"tag": "action", "actions": [{"tag": "button", "text": text, "url": link}]}


def _field_elements(fields: Sequence[CardField]) -> Iterator[Element]:
    shown = []
    for field in fields:
        said = "\n".join(filter(None, (field.name, text_of(field.value))))
        text = _literal.literal(said)
        if shows(text):
            content = {"tag": "plain_text", "content": text}
            shown.append({"is_short": field.inline, "text": content})
    if shown:
        yield {"tag": "div", "fields": shown}
