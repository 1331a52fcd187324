"""What stands before every route, as plain ASGI: headers, access, size of bodies."""

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.faces.api.problems import ProblemError, respond
from app.faces.service import Service
from app.policies.access import Caller, bearer, is_forwarded, refusal
from app.policies.redaction import Secrets, hide

log = logging.getLogger(__name__)

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


class AccessGuard:
    """Serves a request only where contract section 8 allows it, and nothing before the start."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._said: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service: Service | None = scope.get("state", {}).get("service")
        problem = (
            ProblemError(503, "The service is starting. Try again in a moment.")
            if service is None
            else self._check(service, scope)
        )
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await respond(problem, scope["path"])(scope, receive, send)

    def _check(self, service: Service, scope: Scope) -> ProblemError | None:
        host, port = scope.get("server") or ("", None)
        if port is not None:  # else it is a Unix socket
            service.own_addresses.learn(host, port)
        refused = refusal(service.access, _caller(scope))
        if refused is None:
            return None
        if refused.for_operator and refused.detail not in self._said:
            self._said.add(refused.detail)
            log.error("%s", refused.detail)
        challenge = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
        return ProblemError(refused.status, refused.detail, headers=challenge)


def _caller(scope: Scope) -> Caller:
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    client = scope.get("client")
    return Caller(
        method=scope["method"],
        path=scope["path"],
        scheme=scope["scheme"],
        client=client[0] if client else None,
        host=hosts[0] if len(hosts) == 1 else None,
        credential=headers.get("x-api-key") or bearer(headers.get("authorization")),
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        user_agent=headers.get("user-agent"),
        is_forwarded=is_forwarded(scope["http_version"], headers),
    )


class Discretion:
    """Hides the settings' secrets in every answer, whoever has made it and whatever it quotes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        service: Service | None = scope.get("state", {}).get("service")
        if scope["type"] != "http" or service is None:
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Hiding(send, service.secrets))


class _Hiding:
    """Passes an answer on; a beginning that says how long the body is waits for it."""

    def __init__(self, send: Send, secrets: Secrets) -> None:
        self._send = send
        self._secrets = secrets
        self._start: Message | None = None
        self._is_text = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(scope=message)
            # Files are what they were when they were written.
            self._is_text = "etag" not in headers and _is_text(headers.get("content-type", ""))
            if "content-length" in headers:
                self._start = message
                return
        if message["type"] == "http.response.body" and self._is_text:
            message = self._hidden(message)
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)

    def _hidden(self, message: Message) -> Message:
        body: bytes = message.get("body", b"")
        text = body.decode(errors="surrogateescape")
        shown = hide(text, self._secrets)
        if shown == text:
            return message
        changed = shown.encode(errors="surrogateescape")
        if self._start is not None and not message.get("more_body", False):
            MutableHeaders(scope=self._start)["content-length"] = str(len(changed))
        return {**message, "body": changed}


def _is_text(content_type: str) -> bool:
    return content_type.startswith("text/") or "json" in content_type


class BodyLimit:
    """Refuses bodies beyond a size, before they are read or while they are.

    FastAPI's own limit answers a long Content-Length in plain text, not as a problem.

    Args:
        app: What is served.
        limit: The largest body in bytes.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"The body is larger than {self._limit:,} bytes. Send it in several requests."
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await respond(ProblemError(413, detail), scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)
