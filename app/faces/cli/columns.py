"""Texts on a terminal, where Chinese characters take two columns."""

import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime

from app.language.speaking import translate
from app.policies.texts.visible import visible_line

_LABEL_WIDTH = 16


def width_of(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    return sum(map(_columns, text))


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text with blanks up to a width.

    Args:
        text: Stays as it is if it is wider.
        right: Put the text at the right side, as numbers are.
    """
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def aligned(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> Iterator[str]:
    """Yield rows as lines with their columns below each other.

    Args:
        right: The columns, counted from 0, that stand at the right side, as numbers do.
    """
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            pad(cell, width, right=column in right)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def labelled(facts: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a line for each fact that is known, after its label."""
    for name, value in facts.items():
        if value:
            yield f"  {label(name, _LABEL_WIDTH)}{visible_line(value)}"


def label(name: str, width: int) -> str:
    """Return a name with the colon of the language in force, up to a width."""
    return pad(f"{name}{translate(':')}", width)


def local_time(iso: str | None) -> str:
    """Return an ISO 8601 time as this machine's local time; other text as it is."""
    try:
        return f"{datetime.fromisoformat(iso or '').astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return visible_line(iso or "")


def cut(line: str, width: int) -> str:
    """Return as much of a line as a terminal has columns for, with a mark where it was cut."""
    used = 0
    for index, character in enumerate(line):
        used += _columns(character)
        if used > width:
            return _beginning(line[:index], width - 1) + "…"
    return line


def _beginning(line: str, width: int) -> str:
    while width_of(line) > width:
        line = line[:-1]
    return line


def _columns(character: str) -> int:
    """Return how wide a terminal draws a character: Chinese and most emoji take two columns."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
