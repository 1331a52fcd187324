"""Widths of texts on a terminal, where Chinese characters take two columns."""

import unicodedata


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
