"""Decoding: bytes against a wire struct, and msgspec's errors in an operator's words."""

import re
from typing import TypeVar

import msgspec

from app.values.errors import InvalidRecordError

T = TypeVar("T")

_MAX_PROBLEM = 200
_AT = re.compile(r"(?P<problem>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]+)`(?:, got `(?P<got>[^`]+)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.DOTALL)
_INDEX = re.compile(r"\[[^\]]*\]$")

_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
_CHOICES = {
    "priority": "0, 1, 2 or 3",
    "content_type": "text, markdown or html",
    "channels": "webhook, discord, email or console",
    "message_type": "simple, template, trading_signal, system_notification or custom_fields",
}


def decode(decoder: msgspec.json.Decoder[T], value: bytes) -> T:
    """Decode a JSON object.

    Raises:
        InvalidRecordError: The bytes do not fit; the error names the field and the problem.
    """
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except UnicodeDecodeError:
        raise InvalidRecordError("the record is not UTF-8") from None
    except msgspec.DecodeError as error:
        problem = str(error).removeprefix("JSON is malformed: ")
        raise InvalidRecordError(f"the record is not JSON: {problem}") from None
    except RecursionError:
        raise InvalidRecordError("the record is nested too deeply") from None


def _refusal(text: str) -> InvalidRecordError:
    located = _AT.fullmatch(text)
    problem, field = (located["problem"], located["field"]) if located else (text, "")
    if missing := _MISSING.fullmatch(problem):
        return InvalidRecordError("is missing", f"{field}.{missing['name']}".lstrip("."))
    if unknown := _UNKNOWN.fullmatch(problem):
        choices = _CHOICES.get(_INDEX.sub("", field), "a known value")
        return InvalidRecordError(f"expected {choices}, got {_shortened(unknown['value'])}", field)
    if mismatch := _EXPECTED.fullmatch(problem):
        expected = _types(mismatch["expected"]) if field else "a JSON object"
        problem = f"expected {expected}"
        if mismatch["got"]:
            problem += f", got {_types(mismatch['got'])}"
    return InvalidRecordError(problem, field)


def _types(names: str) -> str:
    """Put ``int | str | null`` into words; null is what an absent value looks like."""
    words = [_WORDS[name] for name in names.split(" | ") if name in _WORDS]
    return " or ".join(words) or names


def _shortened(value: str) -> str:
    return value if len(value) <= _MAX_PROBLEM else f"{value[:_MAX_PROBLEM]}…"
