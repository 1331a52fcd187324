"""Request bodies: read, bounded, checked."""

import re
from typing import TypeVar

import msgspec
from fastapi import Request

from app.faces.api.problems import Fault, unusable

T = TypeVar("T")

_AT = re.compile(r" - at `\$\.?(?P<field>.*)`$")


async def read_json(request: Request, kind: type[T]) -> T:
    """Return the body as ``kind``, without regard to its content type.

    Raises ``ProblemError`` (422) when it is not JSON, or not of that shape.
    """
    return parse_json(await request.body(), kind)


def parse_json(body: bytes, kind: type[T]) -> T:
    """Return ``body`` as ``kind``; raise ``ProblemError`` (422) when it is not."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        match = _AT.search(text)
        field = match["field"] if match else ""
        raise unusable([Fault("body", _AT.sub("", text), field)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unusable([Fault("body", f"it is not JSON: {error}")]) from error
    except RecursionError as error:
        raise unusable([Fault("body", "it is nested too deeply")]) from error
