"""A collector of traces: takes OTLP over HTTP, and decodes it with OpenTelemetry's own schema."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.http_server import Answer, Behaviour, HttpServer, http_server

SETTINGS: Mapping[str, str] = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
"""So that no test waits for spans."""


class Collector:
    """What an OTLP server was sent.

    Args:
        server: It.
    """

    def __init__(self, server: HttpServer) -> None:
        self.server = server

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables that lead to it."""
        return {**SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": self.server.url("")}

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        """Every request so far."""
        return [
            ExportTraceServiceRequest.FromString(each.body)
            for each in list(self.server.received)
            if each.path == "/v1/traces"
        ]

    @property
    def spans(self) -> list[Span]:
        """Every span so far."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, Any]:
        """What was said of the process with the first span."""
        return values(self.requests[0].resource_spans[0].resource.attributes)

    async def until(self, enough: Callable[[list[Span]], bool]) -> list[Span]:
        """Wait for spans."""
        seen = 0
        async with asyncio.timeout(20):
            while not enough(self.spans):
                seen = max(seen, len(self.server.received)) + 1
                await self.server.wait_for(seen, timeout=20)
        return self.spans


def values(pairs: Any) -> dict[str, Any]:
    """Return attributes as a mapping."""
    return {pair.key: _value(pair) for pair in pairs}


def _value(pair: KeyValue) -> Any:
    return getattr(pair.value, pair.value.WhichOneof("value") or "")


@asynccontextmanager
async def collector(behaviour: Behaviour | None = None) -> AsyncIterator[Collector]:
    """Run one; it takes everything unless it is to behave otherwise."""
    async with http_server(behaviour or Answer(200)) as server:
        yield Collector(server)
