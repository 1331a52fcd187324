"""Writes lines in a service's own dialect, and shares them out to messages of limited length."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from app.policies.texts.markup import CODE, Kind, Line, Lines, Span, line
from app.policies.texts.plain_text import SHORTENED

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

    def write(self, lines: Iterable[Line]) -> str:
        """Return lines as the service reads them."""
        blocks = []
        for kind, group in groupby(lines, lambda each: each.kind):
            rows = [self._row(each) for each in group]
            blocks.append(self.block(kind, rows) if kind in _TOGETHER else "\n".join(rows))
        return "\n".join(blocks)

    def measure(self, lines: Iterable[Line]) -> int:
        """Return what lines take of a message at most, wherever it ends."""
        return sum(self.length(self.write((each,))) + 1 for each in lines)

    def _row(self, line: Line) -> str:
        if line.kind in (Kind.CODE, Kind.TABLE):
            return self.verbatim(line.text, line.kind)
        return self.row("".join(map(self._span, line.spans)), line)

    def verbatim(self, text: str, kind: Kind) -> str:
        """Return a line of code or of a table as it stands in its block."""
        del kind
        return self.literal(text)

    def _span(self, span: Span) -> str:
        text = self.code(span.text) if span.style & CODE else self.literal(span.text)
        return self.styled(text, span.style & ~CODE, span.url)


class Parts(NamedTuple):
    """The lines of one message or of several.

    Attributes:
        text: What is shortened if there is no room.
        end: What stands after it and is kept, if there is any sense in that.
    """

    text: Lines
    end: Lines = ()


class Fitted(NamedTuple):
    """Lines by message.

    Attributes:
        pages: The lines of each.
        whole: Nothing was left out.
    """

    pages: tuple[Lines, ...]
    whole: bool


_MARK = line(SHORTENED)


def fit(parts: Parts, dialect: Dialect, limit: int, most: int = 1) -> Fitted:
    """Share lines out to as few messages as will do; what is too much is left out, with a mark.

    Args:
        parts: What to say.
        dialect: How it is written, and counted.
        limit: Length of a message.
        most: Messages at most.
    """
    pages = list(_pages((*parts.text, *parts.end), dialect, limit, most + 1))
    if len(pages) <= most:
        return Fitted(tuple(pages), whole=True)
    end = parts.end if dialect.measure(parts.end) <= limit // 2 else ()
    text = parts.text if end or not parts.end else (*parts.text, *parts.end)
    room = limit - dialect.measure((_MARK, *end))
    pages = list(_pages(text, dialect, limit, most - 1, last=room))[:most]
    pages[-1] = (*pages[-1], _MARK, *end)
    return Fitted(tuple(pages), whole=False)


def cut(lines: Lines, dialect: Dialect, limit: int) -> tuple[Lines, bool]:
    """Return as many lines as fit, with a mark if that is not all, and whether it is."""
    pages, whole = fit(Parts(lines), dialect, limit)
    return pages[0], whole


def _pages(
    lines: Lines, dialect: Dialect, limit: int, most: int, last: int | None = None
) -> Iterator[Lines]:
    """Yield what each message holds.

    Args:
        lines: In order.
        dialect: How they are written.
        limit: Length of a message.
        most: Messages of that length.
        last: Length of one more after them; None for none.
    """
    limits = [limit] * most + ([] if last is None else [last])
    waiting = list(reversed(lines))
    for number, length in enumerate(limits):
        page: list[Line] = []
        left = length
        while waiting and (needed := dialect.measure(waiting[-1:])) <= left:
            left -= needed
            page.append(waiting.pop())
        is_last = number + 1 == len(limits)
        if waiting and (not page or is_last or needed > limit):  # no other has room for it whole
            head, rest = _divide(waiting.pop(), dialect, left)
            page += [head] if head else []
            waiting.append(rest)
        yield tuple(page)
        if not waiting:
            return


def _divide(whole: Line, dialect: Dialect, room: int) -> tuple[Line | None, Line]:
    """Divide a line after as much as there is room for; None if that is nothing."""
    low, high = 0, min(len(whole.text), max(room, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if dialect.measure((_first(whole, middle),)) <= room:
            low = middle
        else:
            high = middle - 1
    if not low:
        return None, whole
    text = whole.text[:low]
    at = text.rfind(" ", int(low * _NEAR)) + 1 or low
    return _first(whole, at), _after(whole, at)


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
