"""Dead letters as text for a terminal."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from app.policies.texts.visible import visible, visible_line
from app.values.dead_letter import DeadLetter

_GAP = "  "
_LABEL_WIDTH = 18
_HEADER = ("ID", "TIME", "REASON", "REPLAYED", "WHAT HAPPENED")


def table(letters: Sequence[DeadLetter], width: int | None) -> Iterator[str]:
    """Yield a line for each dead letter, after one of headings.

    Args:
        letters: In the order to be shown.
        width: Columns of the terminal, which longer lines are cut to; None cuts nothing.
    """
    rows = [_HEADER, *map(_row, letters)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for *columns, last in rows:
        padded = (f"{text:<{size}}" for text, size in zip(columns, widths, strict=True))
        line = _GAP.join((*padded, last))
        yield line if width is None else cut(line, width)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    said = ": ".join(text for text in (letter.title, letter.error) if text)
    unnamed = [target for target in letter.targets_failed if _address(target) not in letter.error]
    failed = f" ({', '.join(unnamed)})" if unnamed else ""
    replayed = _local(letter.replayed) if letter.replayed else "-"
    return letter.id, _local(letter.time), letter.reason, replayed, visible_line(said + failed)


def _address(target: str) -> str:
    """Return a target without its channel, as errors name it."""
    return target.partition(" ")[2] or target


def details(letter: DeadLetter) -> Iterator[str]:
    """Yield everything about a dead letter, its headers and its value at last."""
    rows = {
        "ID": letter.id,
        "Time": _local(letter.time),
        "Reason": letter.reason,
        "Error": letter.error,
        "Origin": letter.origin,
        "Message ID": letter.message_id,
        "Title": letter.title,
        "Failed targets": ", ".join(letter.targets_failed),
        "Delivered to": ", ".join(letter.targets_delivered),
        "Attempts": str(letter.attempts),
        "First failure": letter.first_failure and _local(letter.first_failure),
        "Earlier replays": str(letter.replays),
        "Replayed": letter.replayed and _local(letter.replayed),
        "Key": letter.key,
    }
    for name, text in rows.items():
        yield f"{name + ':':<{_LABEL_WIDTH}}{visible_line(text) if text else '-'}"
    yield "\nHeaders:"
    for name, text in letter.headers.items():
        yield f"  {visible_line(f'{name}: {text}')}"
    yield "\nValue:"
    yield "-" if letter.value is None else pretty(letter.value)


def pretty(value: str) -> str:
    """Return JSON with a line for each item, and any other text as it is."""
    with suppress(ValueError, RecursionError):
        value = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    return visible(value)


def cut(line: str, width: int) -> str:
    """Return as much of a line as a terminal has columns for, with a mark where it was cut."""
    used = 0
    for index, character in enumerate(line):
        used += _columns(character)
        if used > width:
            return _beginning(line[:index], width - 1) + "…"
    return line


def _beginning(line: str, width: int) -> str:
    while sum(map(_columns, line)) > width:
        line = line[:-1]
    return line


def _columns(character: str) -> int:
    """Return how wide a terminal draws a character: Chinese and most emoji take two columns."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _local(iso: str) -> str:
    """Return an ISO 8601 time as this machine's local time; other text as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return visible_line(iso)
