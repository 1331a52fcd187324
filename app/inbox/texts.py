"""What stand-ins for chat services count and see of texts, read as strictly as anybody does."""

import unicodedata

_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"  # Hangul fillers and the empty Braille pattern
_SHOWN_CATEGORIES = "LNPS"  # letters, numbers, punctuation, symbols


def utf16_units(text: str) -> int:
    """Return the number of UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def is_shown(character: str) -> bool:
    """Say whether a reader surely sees this character."""
    return (
        unicodedata.category(character)[0] in _SHOWN_CATEGORIES and character not in _BLANK_LETTERS
    )
