"""Frozen values as JSON, encoded straight from msgspec."""

import asyncio
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.faces.api.wording import in_words
from app.policies.texts.visible import visible_json


def encode(content: object) -> bytes:
    """Encode any value that msgspec can; hidden characters become escapes, for terminals.

    Sentences in it are in the language in force: the page's scripts show them.
    """
    return visible_json(msgspec.json.encode(in_words(content)))


def wants_page(request: Request) -> bool:
    """Say whether a person looks at it, with a browser."""
    return "text/html" in request.headers.get("accept", "")


async def made(make: Callable[[], object]) -> "JsonResponse":
    """Make an answer beside the event loop: people's texts may be long, and odd.

    Args:
        make: Returns the content; called in a thread.
    """
    return await asyncio.to_thread(lambda: JsonResponse(make()))


class JsonResponse(Response):
    """Any value that msgspec can encode."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the body."""
        return encode(content)


class ProblemResponse(JsonResponse):
    """A problem detail (RFC 9457)."""

    media_type = "application/problem+json"
