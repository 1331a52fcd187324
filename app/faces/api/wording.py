"""The language of an answer: a page's is the browser's, JSON is English unless it is asked for."""

import functools
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Any, Final, get_args

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.faces.service import Service
from app.language.choice import AUTO, Language, of_browser
from app.language.speaking import language, speak, translate

PARAMETER: Final = b"language="
"""The query parameter that the page's scripts give with every call."""
_SAID: Final = frozenset(
    {
        *("detail", "error", "last_error", "problem", "said", "unknown", "warning", "what"),
        *("who", "why"),
    }
)
"""Fields of JSON that hold a sentence for people."""
_NESTED: Final = frozenset({"warnings", "conditions.text"})


class Speaks:
    """Lets every request have its language: that of the query, else a page's browser's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            query, asked = _asked(scope["query_string"])
            scope = {**scope, "query_string": query}
            speak(asked or _of_page(scope))
        await self._app(scope, receive, send)


def _asked(query: bytes) -> tuple[bytes, Language | None]:
    """Take the language out of a query, where it means nothing to the routes."""
    parts = query.split(b"&")
    named = [part for part in parts if part.startswith(PARAMETER)]
    if len(named) != 1:
        return query, None
    asked = named[0].removeprefix(PARAMETER).decode("latin-1")
    if asked not in set(Language):
        return query, None
    return b"&".join(part for part in parts if part != named[0]), Language(asked)


def _of_page(scope: Scope) -> Language:
    headers = Headers(scope=scope)
    if "text/html" not in headers.get("accept", ""):
        return Language.ENGLISH
    service: Service | None = scope.get("state", {}).get("service")
    return of_browser(headers.get("accept-language", ""), service.language if service else AUTO)


def in_words(content: object) -> object:
    """Return what is to be encoded as JSON, with its sentences in the language in force."""
    return content if language() is Language.ENGLISH else _translated(content, "")


def _translated(value: Any, key: str) -> Any:
    """Translate what has sentences in it; all else is the same object."""
    match value:
        case str():
            return translate(value) if key in _SAID or key in _NESTED else value
        case msgspec.Struct():
            parts = ((name, getattr(value, name)) for name in _fields_to_look_at(type(value)))
            return msgspec.structs.replace(value, **dict(_changes(parts, key)))
        case dict():
            return value | dict(_changes(value.items(), key))
        case list() | tuple():
            return [_translated(each, key) for each in value]
        case _:
            return value


def _changes(parts: Iterable[tuple[str, Any]], key: str) -> Iterator[tuple[str, Any]]:
    for name, value in parts:
        # A condition's text is a sentence, a card's is somebody's notification.
        new = _translated(value, f"{key}.{name}" if key in {"conditions", "headers"} else name)
        if new is not value:
            yield name, new


@functools.cache
def _fields_to_look_at(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields that may hold a sentence: of thousands of partitions there are none."""
    return tuple(
        each.name
        for each in msgspec.structs.fields(kind)
        if each.name in _SAID or each.name == "text" or not _is_plain(each.type)
    )


def _is_plain(kind: Any) -> bool:
    """Say whether a type has no parts: a number, a text, a constant, or one of several such."""
    return all(
        isinstance(each, type) and issubclass(each, (str, int, float, NoneType))
        for each in get_args(kind) or (kind,)
    )
