"""Plain ASGI middleware in front of every route: headers, size of bodies."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.faces.api.problems import ProblemError, respond

# Charts and Swagger UI set inline style attributes; a mail is shown in a sandboxed frame.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)


class SecurityHeaders:
    """Adds the headers that keep a browser from doing more than it should."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _secure(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, with_headers)


def _secure(headers: MutableHeaders) -> None:
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not "no-referrer": with it a browser sends the page's own forms with "Origin: null".
    headers.setdefault("Referrer-Policy", "same-origin")
    if "etag" not in headers:  # static files are validated, everything else is the state now
        headers.setdefault("Cache-Control", "no-store")


class HeadAsGet:
    """Answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        begun = asyncio.Event()

        async def beginning(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})
                begun.set()

        async def nothing() -> Message:
            """End a stream that would go on for ever."""
            await begun.wait()
            return {"type": "http.disconnect"}

        await self._app({**scope, "method": "GET"}, nothing, beginning)


class BodyLimit:
    """Refuses bodies beyond a size, before they are read or while they are.

    FastAPI's own limit answers a long Content-Length in plain text, not as a problem.
    """

    def __init__(self, app: ASGIApp, limit_of: Callable[[str, str], int]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._limit_of(scope["path"], headers.get("content-type", ""))
        detail = f"The body is larger than {limit:,} bytes. Send it in several requests."
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await respond(ProblemError(413, detail), scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)
