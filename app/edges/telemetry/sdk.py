"""Spans by OpenTelemetry's own SDK, exported in a thread of its own.

The SDK reads the variables that are its own: sampler, resource, exporter, batches.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
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
from app.edges.telemetry import OFFERED
from app.policies.telemetry.exporting import Exporting
from app.policies.texts.plain_text import clip
from app.values.trace import Attribute, Event, TraceContext

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 2.0
"""For which a stop waits for the last spans."""
DROPPED_FOR: Final = 60.0
"""Seconds for which is said that spans were dropped."""
LONGEST_WORD: Final = 300
_ROOT: Final = Context()
_NANO: Final = 1_000_000_000


class SdkTelemetry:
    """Begins spans, and hands those that have ended to their exporters.

    Args:
        wanted: Where they go.
        service: Attributes of the resource; the environment's come before them.
        count: Takes what became of how many spans: ``exported``, ``failed``, ``dropped``.

    Raises:
        Exception: A variable of OpenTelemetry's cannot be used.
    """

    def __init__(
        self, wanted: Exporting, service: Mapping[str, str], count: Callable[[str, int], None]
    ) -> None:
        with ExitStack() as stack:
            self._words = stack.enter_context(_listening())
            named = OTELResourceDetector().detect().attributes
            resource = Resource.create({**service, **named})
            self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._outlets = [
                _Outlet(_exporter(name), wanted.queue, self._words, count)
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


class _Outlet(BatchSpanProcessor):
    """Takes ended spans, as many as may wait, and knows what became of them.

    Two counts, each written by one thread: of those taken, by the event loop's; of those handed
    over, by the exporting one.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        most: int,
        words: "_Words",
        count: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._count = count
        self._clock = clock
        self._taken = 0
        self._dropped = 0
        self._dropped_at: float | None = None
        self._watched = _Watched(exporter, words, count)
        super().__init__(self._watched, max_queue_size=most)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, or drop it: nobody waits until there is room."""
        if self._taken - self._watched.received >= self._most:
            self._dropped += 1
            self._dropped_at = self._clock()
            self._count("dropped", 1)
            return
        self._taken += 1
        super().on_end(span)

    @property
    def trouble(self) -> str | None:
        """See ``Telemetry.trouble``."""
        lost = f"{self._watched.failed + self._dropped:,}"
        if (why := self._watched.why) is not None:
            return (
                f"spans cannot be exported: {why}. Deliveries are not touched by it; spans lost so"
                f" far: {lost}"
            )
        if self._dropped_at is not None and self._clock() < self._dropped_at + DROPPED_FOR:
            return (
                "spans are made faster than they are exported. Deliveries are not touched by it;"
                f" spans lost so far: {lost}. Set a sampler (OTEL_TRACES_SAMPLER)"
            )
        return None


class _Watched(SpanExporter):
    """An exporter whose failures are counted, and not logged each time."""

    def __init__(
        self, exporter: SpanExporter, words: "_Words", count: Callable[[str, int], None]
    ) -> None:
        self._exporter = exporter
        self._words = words
        self._count = count
        self.received = 0
        self.failed = 0
        self.why: str | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.received += len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - of a library, or of whoever wrote the exporter
            self.why = f"{type(error).__name__}: {error}"
            result = SpanExportResult.FAILURE
        else:
            is_done = result is SpanExportResult.SUCCESS
            self.why = None if is_done else self._words.last
        if result is SpanExportResult.SUCCESS:
            self._count("exported", len(spans))
        else:
            self.failed += len(spans)
            self._count("failed", len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Words(logging.Handler):
    """Hears what OpenTelemetry logs, in place of the log: it says the same again and again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    @property
    def last(self) -> str:
        return "; ".join(each.rstrip(".") for each in self.said[-2:]) or "no reason is given"

    def emit(self, record: logging.LogRecord) -> None:
        text = clip(record.getMessage(), LONGEST_WORD)
        self.said = [each for each in self.said[-9:] if each != text] + [text]


@contextmanager
def _listening() -> Iterator[_Words]:
    words, logger = _Words(), logging.getLogger("opentelemetry")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(words)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield words
    finally:
        logger.removeHandler(words)
        logger.setLevel(level)
        logger.propagate = propagate


def ask(wanted: Exporting) -> str | None:
    """Send an empty batch to each collector; return what is wrong, or None."""
    with _listening() as words:
        for name in wanted.exporters:
            exporter = _exporter(name)
            try:
                if exporter.export(()) is not SpanExportResult.SUCCESS:
                    return words.last
            finally:
                exporter.shutdown()
    return None


def _exporter(name: str) -> SpanExporter:
    (offered, *_) = entry_points(group=OFFERED, name=name)
    made: SpanExporter = offered.load()()
    return made


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
