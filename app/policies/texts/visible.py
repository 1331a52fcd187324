r"""Makes visible, as escapes, characters that steer a terminal or page, or hide in a text.

U+202E turns the text after it around, so that a title reads as another; an escape sequence clears a
terminal. Operators see ``\u202e`` and ``\x1b`` instead. Delivered texts are left as they are.
"""

import re
import unicodedata

# C0 and C1 but tab and line feed; Arabic letter mark, zero-width space, marks and overrides of
# direction, separators, isolates and invisible operators, deprecated formats, byte order mark,
# annotations; lone surrogates. Joiners stay: emoji and some scripts are written with them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_HIDDEN_IN_JSON = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]"
)


_SURELY_SEEN = re.compile(r"[!-~\u3400-\u9fff]")  # ASCII and Chinese: most texts, at once
_SEEN_CATEGORIES = "LNPS"  # letters, numbers, punctuation, symbols
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"


def shows(text: str) -> bool:
    """Say whether a reader surely sees something of a text: services refuse empty ones."""
    return bool(_SURELY_SEEN.search(text)) or any(map(is_seen, text))


def is_seen(character: str) -> bool:
    """Say whether a reader surely sees a character."""
    return (
        unicodedata.category(character)[0] in _SEEN_CATEGORIES and character not in _BLANK_LETTERS
    )


def visible(text: str) -> str:
    """Return a text whose hidden characters are escapes; lines and tabs stay."""
    if text.isprintable():  # none of them is: a page has thousands of texts
        return text
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """Return a text on one line, with single spaces, whose hidden characters are escapes."""
    return " ".join(visible(text).split())


def visible_json(encoded: bytes) -> bytes:
    """Return JSON that means the same, with hidden characters as JSON's own escapes.

    Args:
        encoded: In UTF-8; it has them in its strings alone.
    """
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _HIDDEN_IN_JSON.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), encoded)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
