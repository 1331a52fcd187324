"""Text with markup, as lines of spans: what every dialect of a chat service can be written from."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

BOLD, ITALIC, STRIKE, CODE = 1, 2, 4, 8
"""How a span looks: a sum of these; 0 if it looks like any text."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """A piece of a line that looks the same throughout."""

    text: str  # literally, without a line break
    style: int = 0  # how it looks
    # Where it leads; only ``http``, ``https`` and ``mailto``. None for no link.
    url: str | None = None


class Kind(StrEnum):
    """What a line is."""

    TEXT = "text"
    HEADING = "heading"
    QUOTE = "quote"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line."""

    spans: tuple[Span, ...] = ()  # in order; of code and tables one, as it was written
    kind: Kind = Kind.TEXT  # what it is
    level: int = 0  # of a heading, from 1; of a list's item, from 0
    mark: str = ""  # what stands before a list's item

    @property
    def text(self) -> str:
        """What it says, without markup."""
        spans = self.spans
        return spans[0].text if len(spans) == 1 else "".join([span.text for span in spans])


Lines = tuple[Line, ...]


def line(text: str, style: int = 0, url: str | None = None) -> Line:
    """Return a line of one span."""
    return Line((Span(text, style, url),) if text else ())


def literal(text: str) -> Lines:
    """Return a text as it stands, line by line."""
    return tuple(map(line, text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))


def text_of(lines: Iterable[Line]) -> str:
    """Return what lines say, without markup."""
    return "\n".join(each.text for each in lines)
