"""Lengths of texts in the units that services count."""

from msgspec.json import encode


def utf16_length(text: str) -> int:
    """Return the number of UTF-16 units: two for an emoji, one for most else."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_length(text: str) -> int:
    """Return the number of bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def json_length(text: str) -> int:
    """Return the number of bytes of a text within JSON, escapes included."""
    return len(encode(text)) - 2
