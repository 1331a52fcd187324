"""What the stand-ins of robots share: they answer 200, and say in a code what became of it."""

import json
from collections.abc import Mapping
from typing import Any

from app.inbox.stand_in import RefusedError, Reply, json_reply


class Refusal(Exception):  # noqa: N818 - it is the service's answer, not an error of ours
    """The service would take no such body."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body is, by the book; None if it is none."""
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_in(message: Mapping[str, Any], *path: str) -> str | None:
    """Return the text at a place in a message; None if there is none."""
    value: Any = message
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def refused(refusal: Refusal, code: str, message: str) -> RefusedError:
    """Return what the inbox answers."""
    return RefusedError(coded_reply({code: refusal.code, message: refusal.message}))


def coded_reply(body: Mapping[str, Any]) -> Reply:
    """Return an answer whose status says nothing."""
    return json_reply(200, body)


def _no_constant(name: str) -> None:
    raise ValueError(name)
