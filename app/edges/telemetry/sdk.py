"""Spans by OpenTelemetry's own SDK, exported in a thread of its own.

The SDK reads the variables that are its own: sampler, resource, exporter, batches.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.span import TraceState

from app.edges.aside import Aside
from app.edges.telemetry.exporters import Outlet, exporter_of, listening
from app.policies.telemetry.exporting import Exporting
from app.values.trace import Attribute, Event, TraceContext

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 2.0
"""For which a stop waits for the last spans."""
_ROOT: Final = Context()
_NANO: Final = 1_000_000_000


class SdkTelemetry:
    """Begins spans, and hands those that have ended to their exporters.

    Args:
        service: Attributes of the resource; the environment's come before them.
        count: Takes what became of how many spans: ``exported``, ``failed``, ``dropped``.

    Raises:
        Exception: A variable of OpenTelemetry's cannot be used.
    """

    def __init__(
        self, wanted: Exporting, service: Mapping[str, str], count: Callable[[str, int], None]
    ) -> None:
        with ExitStack() as stack:
            self._words = stack.enter_context(listening())
            named = OTELResourceDetector().detect().attributes
            resource = Resource.create({**service, **named})
            self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._outlets = [
                Outlet(exporter_of(name), wanted.queue, self._words, count)
                for name in wanted.exporters
            ]
            self._stack = stack.pop_all()
        for outlet in self._outlets:
            self._provider.add_span_processor(outlet)
        for text in self._words.said:
            log.warning("OpenTelemetry says: %s", text)
        self._tracer = self._provider.get_tracer("notification-worker")

    @property
    def trouble(self) -> str | None:
        """See ``Telemetry.trouble``."""
        return next(filter(None, (each.trouble for each in self._outlets)), None)

    def begin(
        self,
        name: str,
        parent: TraceContext | None,
        attributes: Mapping[str, Attribute],
        at: float,
    ) -> "SdkSpan":
        """See ``Telemetry.begin``.

        The message's context is the span's parent, and linked, as the conventions want it.
        """
        context, links = _ROOT, list[Link]()
        if parent is not None:
            remote = _remote(parent)
            context = set_span_in_context(NonRecordingSpan(remote), _ROOT)
            links = [Link(remote)]
        return SdkSpan(
            self._tracer.start_span(
                name,
                context,
                SpanKind.CONSUMER,
                attributes=_writable(attributes),
                links=links,
                start_time=int(at * _NANO),
            )
        )

    async def close(self) -> None:
        """Export what has ended, for a moment at most, and end the threads."""
        aside = Aside(name="end telemetry")
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await aside.run(self._provider.shutdown)
        except TimeoutError:
            log.warning("the last spans could not be exported within %g s", FLUSH_SECONDS)
        finally:
            aside.close()
            self._stack.close()


class SdkSpan:
    """A span of the SDK's; see ``OpenSpan``."""

    __slots__ = ("_span", "context", "is_recorded")

    def __init__(self, span: Span) -> None:
        self._span = span
        own = span.get_span_context()
        self.context = TraceContext(
            format_trace_id(own.trace_id),
            format_span_id(own.span_id),
            own.trace_flags,
            own.trace_state.to_header() if own.trace_state else "",
        )
        self.is_recorded = span.is_recording()

    def end(
        self,
        at: float,
        attributes: Mapping[str, Attribute],
        events: Sequence[Event],
        error: str | None,
    ) -> None:
        """See ``OpenSpan.end``."""
        span = self._span
        span.set_attributes(_writable(attributes))
        for name, moment, known in events:
            span.add_event(name, _writable(known), int(moment * _NANO))
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, _utf8(error)))
        span.end(int(at * _NANO))


def _remote(parent: TraceContext) -> SpanContext:
    state = TraceState.from_header([parent.state]) if parent.state else None
    return SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(parent.flags),
        trace_state=state,
    )


def _writable(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Return attributes that can be encoded: one half of a surrogate pair loses a whole batch."""
    return {
        name: _utf8(value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
