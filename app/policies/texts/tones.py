"""Colours by what they say: for services that know words or pictures for a few of them."""

import colorsys
from enum import StrEnum


class Tone(StrEnum):
    """The colours that people tell apart at a glance, with the picture of each."""

    RED = "🔴"
    ORANGE = "🟠"
    YELLOW = "🟡"
    GREEN = "🟢"
    BLUE = "🔵"
    PURPLE = "🟣"
    GREY = "⚪"


_UP_TO = (
    (17, Tone.RED),
    (40, Tone.ORANGE),
    (68, Tone.YELLOW),
    (170, Tone.GREEN),
    (262, Tone.BLUE),
    (325, Tone.PURPLE),
    (360, Tone.RED),
)
"""Degrees of the hue."""
_COLORLESS = 0.15
_DARK = 0.15


_GRAVEST_FIRST = (
    Tone.RED,
    Tone.ORANGE,
    Tone.YELLOW,
    Tone.PURPLE,
    Tone.BLUE,
    Tone.GREEN,
    Tone.GREY,
)


def rank_of(tone: Tone | None) -> int:
    """Return the place of a tone among all, the gravest first; none at all comes last."""
    return len(_GRAVEST_FIRST) if tone is None else _GRAVEST_FIRST.index(tone)


def tone_of(color: int) -> Tone:
    """Return the nearest of the colours that have a name.

    Args:
        color: 0xRRGGBB.
    """
    red, green, blue = ((color >> shift & 0xFF) / 255 for shift in (16, 8, 0))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    if saturation < _COLORLESS or value < _DARK:
        return Tone.GREY
    return next(tone for degrees, tone in _UP_TO if hue * 360 <= degrees)
