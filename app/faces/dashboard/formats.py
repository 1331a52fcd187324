"""How values read on the page. ``static/format.js`` does the same in the browser."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.language.speaking import gettext, translate
from app.policies.texts.visible import visible
from app.values.note import Note
from app.values.snapshot import Condition

NOTHING = "–"
_SCHEME = re.compile(r"^(\w+ )?https?://")


def number(value: float) -> str:
    """``1234`` as ``1,234``."""
    return f"{value:,}"


def percent(share: float) -> str:
    """A share from 0 to 1 as ``97.2%``; never 100.0% while anything is missing."""
    return f"{min(share, 0.999) if share < 1 else 1:.1%}"


def rate(per_second: float) -> str:
    """``0.25``, ``3.2`` or ``1,234``: as many digits as tell something."""
    if per_second >= 100:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 1 or per_second == 0 else f"{per_second:.2f}"


def took(seconds: float) -> str:
    """``0.4 ms``, ``12 ms``, ``1.5 s`` or ``90 s``."""
    if seconds < 0.001:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def uptime(seconds: float) -> str:
    """``2h 15m 30s``, as in the report; hours grow past 24."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m {rest}s"


def clock(iso: str) -> str:
    """An ISO 8601 time as local ``12:00:00``, with month and day when it is not today's."""
    moment = datetime.fromisoformat(iso).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%m-%d %H:%M:%S}"


def state(word: str) -> str:
    """``rate_limited`` as ``rate limited``, in the language in force."""
    return gettext(word.replace("_", " "))


def said(text: str) -> str:
    """Somebody's words (an error, a problem), in the language in force; URLs without scheme."""
    return place(translate(text))


def texts(words: tuple[str, ...]) -> str:
    """Several words, separated by commas."""
    return ", ".join(words)


def place(label: str) -> str:
    """A destination, its channel before it or not, without the scheme that nearly all share."""
    return _SCHEME.sub(r"\1", label)


def places(labels: tuple[str, ...]) -> str:
    """Several destinations."""
    return texts(tuple(place(label) for label in labels))


def notes(given: tuple[Note, ...]) -> str:
    """Format the notes: what was left out or changed, field by field."""
    told = (f"{each.field}: {translate(each.problem)}".removeprefix(": ") for each in given)
    return "; ".join(told)


def warnings(given: tuple[Condition, ...]) -> str:
    """Format the warnings, a line each; the problem is shown elsewhere."""
    return "\n".join(translate(each.text) for each in given if not each.stops_work)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "number": number,
    "percent": percent,
    "rate": rate,
    "took": took,
    "uptime": uptime,
    "clock": clock,
    "state": state,
    "said": said,
    "texts": texts,
    "place": place,
    "places": places,
    "notes": notes,
    "warnings": warnings,
}


def show(value: Any, form: str) -> str:
    """Return ``value`` in one of ``FORMATS``; a dash when there is nothing to show."""
    return NOTHING if value is None or value in ("", ()) else visible(FORMATS[form](value))
