"""Frozen values as JSON, encoded straight from msgspec."""

import msgspec
from starlette.responses import Response


class JsonResponse(Response):
    """Any value that msgspec can encode."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the body."""
        return msgspec.json.encode(content)


class ProblemResponse(JsonResponse):
    """A problem detail (RFC 9457)."""

    media_type = "application/problem+json"
