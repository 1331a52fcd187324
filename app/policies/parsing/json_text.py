"""JSON as Python's ``json.loads`` reads it, and as fast as msgspec reads what is strictly JSON.

Producers write JSON with Python: half a surrogate pair if a text was cut, ``NaN`` for an unknown
price. The first becomes U+FFFD, the second the text ``NaN``. U+0000, too, becomes U+FFFD: databases
behind chat services refuse it, and Mattermost answers 500.
"""

import json
import re
from math import isinf
from typing import Any, Final

import msgspec

from app.policies.texts.pieces import found_in
from app.values.errors import InvalidRecordError

MOST_VALUES = 150_000
"""Of which 100,000 recipients are a few; to decode so many takes 30 ms."""
_STRING_OR_COMMA = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|,', re.DOTALL)
_UNSOUND = re.compile("[\0\ud800-\udfff]")
NULL: Final = rb"\u0000"
"""How JSON writes a character that is not sent."""
_PERHAPS_SURROGATES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
LONGEST_ESCAPE = 6
_SPACES = b" \t\n\r"
_UTF8 = re.compile(rb"[\t\n\r -~]{2}|\xef\xbb\xbf")
"""How a JSON object or list begins in UTF-8; in UTF-16 and UTF-32 there are zeros."""


def check_values(value: bytes) -> None:
    """Refuse a text with very many values before it is decoded, which would take long.

    Raises:
        InvalidRecordError: It is such a text.
    """
    if len(value) <= MOST_VALUES or value.count(b",") <= MOST_VALUES:
        return
    count = 0
    for found in _STRING_OR_COMMA.finditer(value):  # a text may hold as many commas as it likes
        count += found.end() - found.start() == 1
        if count > MOST_VALUES:
            raise InvalidRecordError(f"the record has more than {MOST_VALUES:,} values")


def read_json(value: bytes) -> Any:
    """Decode a record's value.

    Raises:
        InvalidRecordError: Python could not read it either.
    """
    try:
        read = msgspec.json.decode(value)
        return _sound(read) if NULL in value else read
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise _too_deep() from None
    if _UTF8.match(value):
        value = value.strip(_SPACES)  # Python's json is slow at it
    try:
        read = json.loads(value, parse_constant=str, parse_float=_float, parse_int=_integer)
        if (
            NULL in value
            or found_in(_PERHAPS_SURROGATES, value, LONGEST_ESCAPE)
            or not _UTF8.match(value)
        ):
            read = _sound(read)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise InvalidRecordError("the record is not UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidRecordError(f"the record is not JSON: {error.msg} at {place}") from None
    return read


def _float(text: str) -> float | str:
    """Return a number; one that no float can hold stays the text that it is."""
    number = float(text)
    return text if isinf(number) else number


def _integer(text: str) -> int | str:
    """Return a number; one of more digits than Python converts stays the text that it is."""
    try:
        return int(text)
    except ValueError:
        return text


def _sound(read: Any) -> Any:
    if isinstance(read, str):
        return _UNSOUND.sub("\ufffd", read)
    if isinstance(read, list):
        return [_sound(each) for each in read]
    if isinstance(read, dict):
        return {_sound(key): _sound(read[key]) for key in read}
    return read


def _too_deep() -> InvalidRecordError:
    return InvalidRecordError("the record is nested too deeply")
