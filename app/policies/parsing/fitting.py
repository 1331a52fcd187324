"""Fitting: converts what a producer wrote to the expected types, as far as possible.

The one rule is that content wins (docs/messages.md): a part of the wrong type is left out
with a note, and everything around it stays. Only what decides what is sent or to
whom (``DECIDES``) makes the record unusable; the wire structs say which that is.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeGuard, TypeVar

import msgspec
import msgspec.inspect as shapes

from app.policies.texts.notes import Notes
from app.policies.texts.numbers import plain_number
from app.values.errors import InvalidRecordError

T = TypeVar("T", bound=msgspec.Struct)

DECIDES: Final = msgspec.Meta(extra={"decides": True})
"""Marks a member that decides what is sent, or to whom: it is never left out."""

MOST_ITEMS = 1000
"""Items of a list that are read at most."""

_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
)
_EXPECTED: dict[type, str] = {
    shapes.StrType: "a string",
    shapes.ListType: "a list",
    shapes.StructType: "an object",
    shapes.DictType: "an object",
}


class _MisfitError(Exception):
    """A value has the wrong type; the text says what was expected."""


def fit(kind: type[T], read: object, notes: Notes) -> T:
    """Make a struct from decoded JSON.

    Args:
        kind: One of the wire structs.
        read: From ``read_json``.
        notes: Takes what had to be left out.

    Raises:
        InvalidRecordError: It is no object, or something that decides is missing or has not the
            type that is expected.
    """
    try:
        fitted: T = _struct(_shape(kind), read, "", notes)
    except _MisfitError as error:
        raise InvalidRecordError(str(error)) from None
    return fitted


def name_of(value: object) -> str:
    """Return the name of a JSON value's type, as errors and notes have it."""
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "null")


def text_of(value: object) -> str:
    """Write a value as a person would; lists and objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


@cache
def _shape(kind: type[msgspec.Struct]) -> shapes.StructType:
    shape = shapes.type_info(kind)
    if not isinstance(shape, shapes.StructType):
        raise TypeError(f"{kind} is no struct")
    return shape


def _struct(shape: shapes.StructType, read: object, path: str, notes: Notes) -> Any:
    if not isinstance(read, dict):
        expected = "an object" if path else "a JSON object"
        raise _MisfitError(f"expected {expected}, got {name_of(read)}")
    members: dict[str, object] = {}
    for field in shape.fields:
        place = f"{path}.{field.name}" if path else field.name
        if read.get(field.encode_name) is None:
            if field.required:
                raise InvalidRecordError("is missing", place)
            continue
        try:
            members[field.name] = _value(field.type, read[field.encode_name], place, notes)
        except _MisfitError as error:
            if field.required or _decides(field.type):
                raise InvalidRecordError(str(error), place) from None
            notes.left_out(place, str(error))
    return shape.cls(**members)


def _value(shape: shapes.Type, read: object, path: str, notes: Notes) -> object:
    for each in _alternatives(shape):
        suits, make = _MAKERS[type(each)]
        if suits(read):
            return make(each, read, path, notes)
        if isinstance(read, dict) and _lists_structs(each):  # the only item, without its list
            return _list(each, [read], path, notes)
    if isinstance(read, int | float) and not _decides(shape) and _takes_text(shape):
        notes.add(path, f"{name_of(read)} where a text is expected; taken as one")
        return text_of(read)
    names = dict.fromkeys(_EXPECTED[type(each)] for each in _alternatives(shape))
    raise _MisfitError(f"expected {' or '.join(names)}, got {name_of(read)}")


def _list(shape: shapes.ListType, read: list[object], path: str, notes: Notes) -> list[object]:
    items: list[object] = []
    for index, item in enumerate(read[:MOST_ITEMS]):
        place = f"{path}[{index}]"
        try:
            items.append(_value(shape.item_type, item, place, notes))
        except _MisfitError as error:
            notes.left_out(place, str(error))
    if len(read) > MOST_ITEMS:
        notes.add(path, f"more than {MOST_ITEMS:,} items; those beyond are left out")
    return items


def _decides(shape: shapes.Type) -> bool:
    return isinstance(shape, shapes.Metadata) and bool((shape.extra or {}).get("decides"))


def _lists_structs(shape: shapes.Type) -> TypeGuard[shapes.ListType]:
    return isinstance(shape, shapes.ListType) and isinstance(shape.item_type, shapes.StructType)


def _takes_text(shape: shapes.Type) -> bool:
    return any(isinstance(each, shapes.StrType) for each in _alternatives(shape))


def _alternatives(shape: shapes.Type) -> tuple[shapes.Type, ...]:
    """Return the types that a value may have; null counts as absent."""
    if isinstance(shape, shapes.Metadata):
        shape = shape.type
    if isinstance(shape, shapes.UnionType):
        return tuple(each for each in shape.types if not isinstance(each, shapes.NoneType))
    return (shape,)


_Maker = Callable[[Any, Any, str, Notes], Any]
_MAKERS: dict[type, tuple[Callable[[object], bool], _Maker]] = {
    shapes.AnyType: (lambda _: True, lambda _, read, *__: read),
    shapes.StrType: (lambda read: isinstance(read, str), lambda _, read, *__: read),
    shapes.DictType: (lambda read: isinstance(read, dict), lambda _, read, *__: read),
    shapes.ListType: (lambda read: isinstance(read, list), _list),
    shapes.StructType: (lambda read: isinstance(read, dict), _struct),
}
