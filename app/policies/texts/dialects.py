"""Writes lines in a service's own dialect, and shares them out to messages of limited length."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from app.policies.texts.markup import CODE, Kind, Line, Lines, Span, line
from app.policies.texts.plain_text import SHORTENED
from app.policies.texts.visible import shows

_TOGETHER = (Kind.CODE, Kind.TABLE, Kind.QUOTE)
"""Lines of these kinds that follow each other are one block."""
_NEAR = 0.75
"""Of a part of a line: where a word ends beyond that, the line is divided there."""


class Dialect:
    """One service's way of writing. By itself it is plain text.

    A service overrides what it has signs for. Whatever is written for a block is closed within it,
    so that a message may end after any line.
    """

    def literal(self, text: str) -> str:
        """Return a text so that the service shows its characters as they are."""
        return text

    def styled(self, text: str, style: int, url: str | None) -> str:
        """Return a text that was made literal, with its looks."""
        del style
        if url is None or url == text:
            return text
        return f"{text} ({self.literal(url)})"

    def code(self, text: str) -> str:
        """Return a piece of code within a line."""
        return self.literal(text)

    def row(self, written: str, line: Line) -> str:
        """Return a line whose spans are written, as what it is."""
        match line.kind:
            case Kind.ITEM:
                mark = "•" if line.mark in "-*+" else self.literal(line.mark)
                return f"{'  ' * line.level}{mark} {written}"
            case Kind.QUOTE:
                return f"> {written}"
            case Kind.RULE:
                return "———"
            case _:
                return written

    def block(self, kind: Kind, rows: Sequence[str]) -> str:
        """Return lines of code, a table or a quotation, one after the other."""
        del kind
        return "\n".join(rows)

    def length(self, written: str) -> int:
        """Return the length of what is written in the unit that the service counts."""
        return len(written)

    def verbatim(self, text: str, kind: Kind) -> str:
        """Return a line of code or of a table as it stands in its block."""
        del kind
        return self.literal(text)

    def write(self, lines: Iterable[Line]) -> str:
        """Return lines as the service reads them."""
        return self.join([(each.kind, self.write_row(each)) for each in lines])

    def write_row(self, line: Line) -> str:
        """Return one line, without what may stand around several of its kind."""
        kind = line.kind
        if kind in (Kind.CODE, Kind.TABLE):
            return self.verbatim(line.text, kind)
        written = "".join([self._span(each) for each in line.spans])
        return written if kind is Kind.TEXT else self.row(written, line)

    def join(self, rows: Iterable[tuple[Kind, str]]) -> str:
        """Return lines that are written as one text."""
        blocks = []
        for kind, group in groupby(rows, _kind):
            texts = [row for _, row in group]
            blocks.append(self.block(kind, texts) if kind in _TOGETHER else "\n".join(texts))
        return "\n".join(blocks)

    def measure(self, kind: Kind, row: str) -> int:
        """Return what a line takes of a message at most, whatever stands around it."""
        return self.length(self.block(kind, [row]) if kind in _TOGETHER else row) + 1

    def _span(self, span: Span) -> str:
        text = self.code(span.text) if span.style & CODE else self.literal(span.text)
        style = span.style & ~CODE
        return self.styled(text, style, span.url) if style or span.url else text


_kind = itemgetter(0)


class Parts(NamedTuple):
    """The lines of one message or of several."""

    text: Lines  # what is shortened if there is no room
    end: Lines = ()  # what stands after it and is kept, if there is any sense in that


class Fitted(NamedTuple):
    """What is written, by message."""

    pages: tuple[str, ...]  # the text of each; none of one that shows nothing
    whole: bool  # nothing was left out
    lines: tuple[Lines, ...]


_MARK = line(SHORTENED)


def fit(parts: Parts, dialect: Dialect, limit: int, most: int = 1) -> Fitted:
    """Write lines as few messages as will do; what is too much is left out, with a mark.

    Args:
        dialect: How it is written, and counted.
        limit: Length of a message.
    """
    pages = _Pages(dialect, limit, most)
    text_fits = pages.add_all(parts.text)
    kept = pages.count
    if text_fits and pages.add_all(parts.end):
        return pages.fitted(whole=True)
    ending = _Pages(dialect, limit // 2, 1)
    keeps_end = ending.add_all(parts.end)
    if keeps_end:
        pages.forget_from(kept)
    pages.shorten((_MARK, *parts.end) if keeps_end else (_MARK,))
    return pages.fitted(whole=False)


def cut(lines: Lines, dialect: Dialect, limit: int) -> tuple[str, bool]:
    """Return as much of some lines as fits, with a mark if that is not all, and whether it is."""
    fitted = fit(Parts(lines), dialect, limit)
    return (fitted.pages[0] if fitted.pages else ""), fitted.whole


class _Row(NamedTuple):
    """A line that stands on a page."""

    line: Line
    written: str
    length: int


class _Pages:
    """Messages that are filled one after the other."""

    def __init__(self, dialect: Dialect, limit: int, most: int) -> None:
        self._dialect = dialect
        self._limit = limit
        self._most = most
        self._pages: list[list[_Row]] = [[]]
        self._left = limit
        self.count = 0

    def add_all(self, lines: Iterable[Line]) -> bool:
        """Add lines; say whether all of them fit."""
        return all(map(self._add, lines))

    def forget_from(self, count: int) -> None:
        """Take out what was added after so many lines."""
        while self.count > count:
            self._pop()

    def shorten(self, ending: Iterable[Line]) -> None:
        """End the last page with these lines, whatever of it must go for them."""
        rows = [self._row(each) for each in ending]
        needed = sum(row.length for row in rows)
        removed = None
        while self._left < needed and self._pages[-1]:
            removed = self._pop()
        if removed is not None and self._left > needed:
            head, _ = self._divide(removed.line, self._left - needed)
            if head is not None:
                self._put(head)
        for row in rows:
            self._put(row)

    def fitted(self, *, whole: bool) -> Fitted:
        """Return each page that shows anything."""
        shown = [page for page in self._pages if any(shows(row.line.text) for row in page)]
        pages = (
            self._dialect.join([(row.line.kind, row.written) for row in page]) for page in shown
        )
        return Fitted(tuple(pages), whole, tuple(tuple(row.line for row in page) for page in shown))

    def _add(self, line: Line) -> bool:
        while (row := self._fitting(line, self._left)) is None:
            is_last = len(self._pages) == self._most
            if not self._pages[-1] or is_last or self._fitting(line, self._limit) is None:
                head, line = self._divide(line, self._left)
                if head is not None:
                    self._put(head)
            if is_last:
                return False
            self._pages.append([])
            self._left = self._limit
        self._put(row)
        return True

    def _fitting(self, line: Line, room: int) -> _Row | None:
        """Return a line that is written, if there is room for it."""
        if len(line.text) >= room:  # no text is shorter than its characters
            return None
        row = self._row(line)
        return row if row.length <= room else None

    def _row(self, line: Line) -> _Row:
        written = self._dialect.write_row(line)
        return _Row(line, written, self._dialect.measure(line.kind, written))

    def _put(self, row: _Row) -> None:
        self._pages[-1].append(row)
        self._left -= row.length
        self.count += 1

    def _pop(self) -> _Row:
        while not self._pages[-1]:
            self._pages.pop()
            self._left = self._limit - sum(row.length for row in self._pages[-1])
        row = self._pages[-1].pop()
        self._left += row.length
        self.count -= 1
        return row

    def _divide(self, whole: Line, room: int) -> tuple[_Row | None, Line]:
        """Divide a line after as much as there is room for; None if that is nothing."""
        text, room = whole.text, max(room, 0)
        count = min(len(text), room)
        while count:
            at = text.rfind(" ", int(count * _NEAR), count) + 1 or count
            row = self._row(_first(whole, at))
            if row.length <= room:
                return row, _after(whole, at)
            count = min(count - 1, count * room // row.length)
        return None, whole


def _first(whole: Line, count: int) -> Line:
    """Return the first characters of a line."""
    spans = []
    for span in whole.spans:
        if count <= 0:
            break
        spans.append(Span(span.text[:count], span.style, span.url))
        count -= len(span.text)
    return Line(tuple(spans), whole.kind, whole.level, whole.mark)


def _after(whole: Line, count: int) -> Line:
    """Return what follows the first characters; of an item, without its mark."""
    spans = []
    for span in whole.spans:
        rest = span.text[max(count, 0) :]
        count -= len(span.text)
        if rest:
            spans.append(Span(rest, span.style, span.url))
    kind = Kind.TEXT if whole.kind is Kind.ITEM else whole.kind
    return Line(tuple(spans), kind, whole.level)
