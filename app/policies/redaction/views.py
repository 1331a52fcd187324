r"""Reads the escapes of a text: ``webhook\u005furl`` is ``webhook_url``.

A secret that a server or a producer has written in another encoding is found in a view of the text
and hidden in the text itself: every view knows where its characters come from.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from html.entities import html5

MOST_LEVELS = 4
"""JSON in a JSON text, in a URL, in HTML; nobody nests deeper by accident."""

ESCAPE_MARKS = "%\\&"
"""Each escape begins with one of them."""
LONGEST_ESCAPE = 6
"""Characters that stand for one, as ``\\u0041`` does."""
# Only what stands for ASCII: tokens and the words around them are made of it, and a text in Chinese
# may be a megabyte of the others.
_ESCAPE = re.compile(
    r"""
    %[0-7][0-9a-fA-F]
    | \\u00[0-7][0-9a-fA-F]
    | \\x[0-7][0-9a-fA-F]
    | \\["'/\\bfnrt]
    | &(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});
    """,
    re.VERBOSE,
)
_ENTITIES = {name: char for name, char in html5.items() if name.endswith(";") and char.isascii()}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class View:
    """A text and the source of its characters.

    Args:
        text: The text to read.
        source: The text that it was decoded from; None for the text as it was given.
    """

    def __init__(self, text: str, source: "View | None" = None) -> None:
        self.text = text
        self._source = source
        # Of each escape: where it begins and ends here, and where in the source.
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._from: list[int] = []
        self._to: list[int] = []

    def decoded(self) -> "View | None":
        """Return the view in which this one's escapes are read; None if it has none."""
        pieces: list[str] = []
        view = View("", self)
        length = end = 0
        for match in _ESCAPE.finditer(self.text):
            meant = _read(match[0])
            if meant == match[0]:
                continue  # no entity of HTML
            between = self.text[end : match.start()]
            pieces += (between, meant)
            length += len(between)
            view._note(length, len(meant), match.start(), match.end())
            length += len(meant)
            end = match.end()
        if not pieces:
            return None
        view.text = "".join([*pieces, self.text[end:]])
        return view

    def origin(self, start: int, stop: int) -> tuple[int, int]:
        """Return which part of the text as it was given a part of this view comes from."""
        if self._source is None:
            return start, stop
        first = bisect_right(self._starts, start) - 1
        last = bisect_left(self._starts, stop) - 1
        begin, end = start, stop
        if first >= 0:
            inside = start < self._stops[first]
            begin = self._from[first] if inside else self._to[first] + start - self._stops[first]
        if last >= 0:
            end = self._to[last] + max(stop - self._stops[last], 0)
        return self._source.origin(begin, end)

    def _note(self, start: int, length: int, begin: int, end: int) -> None:
        self._starts.append(start)
        self._stops.append(start + length)
        self._from.append(begin)
        self._to.append(end)


def views(text: str) -> Iterator[View]:
    """Yield a text as it is, then with its escapes read, then with those that this brought out."""
    view: View | None = View(text)
    for _ in range(MOST_LEVELS):
        if view is None:
            return
        yield view
        view = view.decoded()


def _read(escape: str) -> str:
    """Return the character of an escape, or the escape itself if it has none."""
    if escape[0] == "&":
        return _entity(escape[1:])
    if escape[0] == "%" or escape[1] in "ux":
        return chr(int(escape[-2:], 16))
    return _CONTROLS.get(escape[1], escape[1])


def _entity(name: str) -> str:
    """Return the character of a reference, or the reference itself if that is not ASCII."""
    if name[0] != "#":
        return _ENTITIES.get(name, f"&{name}")
    number = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
    return chr(number) if number < 128 else f"&{name}"
