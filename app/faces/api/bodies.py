"""Request bodies: read, bounded, checked."""

import re
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request
from msgspec import inspect

from app.faces.api.problems import Fault, unusable

T = TypeVar("T")

MOST_FIELDS = 1000

_AT = re.compile(r" - at `\$\.?(?P<field>.*)`$")


async def read_json(request: Request, kind: type[T]) -> T:
    """Return the body as ``kind``, without regard to its content type.

    Raises ``ProblemError`` (422) when it is not JSON, or not of that shape.
    """
    return parse_json(await request.body(), kind)


async def read_form(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a page's form, in their order.

    Raises ``ProblemError`` (422) when there are too many.
    """
    body = await request.body()
    try:
        return parse_qsl(body.decode(errors="replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise unusable([Fault("body", f"it has more than {MOST_FIELDS:,} fields")]) from None


def parse_json(body: bytes, kind: type[T]) -> T:
    """Return ``body`` as ``kind``; raise ``ProblemError`` (422) when it is not."""
    if not body.strip():
        raise unusable([Fault("body", "it is empty, and should be JSON")])
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        match = _AT.search(text)
        field = match["field"] if match else ""
        problem = _AT.sub("", text) + _allowed(kind, field)
        raise unusable([Fault("body", problem, field)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unusable([Fault("body", f"it is not JSON: {error}")]) from error
    except RecursionError as error:
        raise unusable([Fault("body", "it is nested too deeply")]) from error


def _allowed(kind: object, field: str) -> str:
    """Name the values that a field takes, if it takes only some."""
    found = [inspect.type_info(kind)]
    for name in field.split("."):
        fields = [
            each for one in found if isinstance(one, inspect.StructType) for each in one.fields
        ]
        found = [
            one for each in fields if each.encode_name == name for one in _alternatives(each.type)
        ]
    values = [
        str(value)
        for one in found
        if isinstance(one, inspect.LiteralType | inspect.EnumType)
        for value in (one.values if isinstance(one, inspect.LiteralType) else one.cls)
    ]
    return f"; it takes {', '.join(values)}" if values else ""


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)
