"""Dead letters as text for a terminal."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from app.faces.cli.columns import aligned, cut, label, local_time
from app.language.speaking import translate
from app.policies.texts.visible import visible, visible_line
from app.values.dead_letter import DeadLetter

_LABEL_WIDTH = 18


def table(letters: Sequence[DeadLetter], width: int | None) -> Iterator[str]:
    """Yield a line for each dead letter, after one of headings.

    Args:
        width: Columns of the terminal, which longer lines are cut to; None cuts nothing.
    """
    header = (
        "ID",
        translate("TIME"),
        translate("REASON"),
        translate("REPLAYED"),
        translate("WHAT HAPPENED"),
    )
    for line in aligned([header, *map(_row, letters)]):
        yield line if width is None else cut(line, width)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    said = ": ".join(text for text in (letter.title, translate(letter.error)) if text)
    unnamed = [target for target in letter.targets_failed if _address(target) not in letter.error]
    failed = f" ({', '.join(unnamed)})" if unnamed else ""
    replayed = local_time(letter.replayed) if letter.replayed else "-"
    return (
        letter.id,
        local_time(letter.time),
        translate(letter.reason),
        replayed,
        visible_line(said + failed),
    )


def _address(target: str) -> str:
    """Return a target without its channel, as errors name it."""
    return target.partition(" ")[2] or target


def details(letter: DeadLetter) -> Iterator[str]:
    """Yield everything about a dead letter, its headers and its value at last."""
    rows = {
        "ID": letter.id,
        translate("Time"): local_time(letter.time),
        translate("Reason"): translate(letter.reason),
        translate("Error"): translate(letter.error),
        translate("Origin"): letter.origin,
        translate("Message ID"): letter.message_id,
        translate("Title"): letter.title,
        translate("Failed targets"): ", ".join(letter.targets_failed),
        translate("Delivered to"): ", ".join(letter.targets_delivered),
        translate("Attempts"): str(letter.attempts),
        translate("First failure"): letter.first_failure and local_time(letter.first_failure),
        translate("Earlier replays"): str(letter.replays),
        translate("Group"): letter.group,
        translate("Cause"): letter.cause,
        translate("Replayed"): letter.replayed and local_time(letter.replayed),
        translate("Key"): letter.key,
    }
    for name, text in rows.items():
        yield f"{label(name, _LABEL_WIDTH)}{visible_line(text) if text else '-'}"
    yield f"\n{label(translate('Headers'), 0)}"
    for name, text in letter.headers.items():
        yield f"  {visible_line(f'{name}: {text}')}"
    yield f"\n{label(translate('Value'), 0)}"
    yield "-" if letter.value is None else pretty(letter.value)


def pretty(value: str) -> str:
    """Return JSON with a line for each item, and any other text as it is."""
    with suppress(ValueError, RecursionError):
        value = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    return visible(value)
