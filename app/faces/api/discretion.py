"""No answer shows a secret of the settings."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.faces.service import Service
from app.policies.redaction import Secrets, hide


class Discretion:
    """Hides the settings' secrets in every answer, quotations included."""

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
