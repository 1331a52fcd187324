"""Colours: as producers write them, and those of directions and levels."""

import re

DIRECTIONS = {"LONG": 0x2ECC71, "SHORT": 0xE74C3C, "VOID": 0x95A5A6}
"""Green, red, grey: the market convention outside East Asia, which the original kept to."""

BLUE = 0x3498DB
LEVELS = {
    "DEBUG": 0x95A5A6,
    "INFO": BLUE,
    "UPDATE": BLUE,
    "SUCCESS": 0x2ECC71,
    "WARN": 0xF1C40F,
    "WARNING": 0xF1C40F,
    "ERROR": 0xE74C3C,
    "ALERT": 0xE74C3C,
    "CRITICAL": 0xE74C3C,
    "FATAL": 0xE74C3C,
}

_WRITTEN = re.compile(r"#([0-9a-fA-F]{6})|0[xX]([0-9a-fA-F]{1,6})|([0-9]{1,8})")


def read_color(value: object) -> int:
    """Return 0xRRGGBB for an integer, ``#RRGGBB``, ``0xRRGGBB`` or a decimal number as text.

    Raises:
        ValueError: It is no colour; the text says what was expected.
    """
    number = -1
    if isinstance(value, str):
        match = _WRITTEN.fullmatch(value.strip())
        if match:
            number = int(match[3]) if match[3] else int(match[1] or match[2], 16)
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else -1
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if not 0 <= number <= 0xFFFFFF:
        raise ValueError("expected a colour from 0 to 16777215 or #RRGGBB")
    return number


def direction_color(direction: object) -> int:
    """Return the colour of a trading signal; grey for an unknown direction."""
    return DIRECTIONS.get(str(direction).upper(), DIRECTIONS["VOID"])


def level_color(level: object) -> int:
    """Return the colour of a level; that of INFO for an unknown one."""
    return LEVELS.get(str(level).upper(), BLUE)
