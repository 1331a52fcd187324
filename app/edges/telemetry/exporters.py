"""Exporters of spans: how many wait for them, what becomes of these, and what they complain of."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from app.edges.telemetry import OFFERED
from app.policies.telemetry.exporting import Exporting
from app.policies.texts.plain_text import clip

DROPPED_FOR: Final = 60.0
"""Seconds for which is said that spans were dropped."""
LONGEST_WORD: Final = 600
NO_REASON: Final = "no reason is given"


class Outlet(BatchSpanProcessor):
    """Takes ended spans, as many as may wait, and knows what became of them.

    Two counts, each written by one thread: of those taken, by the event loop's; of those handed
    over, by the exporting one.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        most: int,
        words: "Words",
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
        self, exporter: SpanExporter, words: "Words", count: Callable[[str, int], None]
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


class Words(logging.Handler):
    """Hears what OpenTelemetry logs, in place of the log: it says the same again and again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self.then: Callable[[], None] | None = None

    @property
    def last(self) -> str:
        """What it said last, and before that, which may be the reason."""
        return "; ".join(self.said[-2:]) or NO_REASON

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        text = clip(record.getMessage(), LONGEST_WORD).rstrip(".")
        self.said = [each for each in self.said[-9:] if each != text] + [text]
        then, self.then = self.then, None
        if then is not None:
            then()


@contextmanager
def listening() -> Iterator[Words]:
    """Hear what OpenTelemetry logs for as long, and let the log have nothing of it."""
    words, logger = Words(), logging.getLogger("opentelemetry")
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
    """Send an empty batch to each collector; return what is wrong, or None.

    Raises:
        Exception: A variable of OpenTelemetry's cannot be used.
    """
    for name in wanted.exporters:
        with listening() as words:
            exporter = exporter_of(name)
            words.then = exporter.shutdown  # once it complains it is to try no more
            is_taken = exporter.export(()) is SpanExportResult.SUCCESS
            if words.said or not is_taken:
                return words.said[0] if words.said else NO_REASON
            exporter.shutdown()
    return None


def exporter_of(name: str) -> SpanExporter:
    """Return the exporter that a package offers under that name."""
    (offered, *_) = entry_points(group=OFFERED, name=name)
    made: SpanExporter = offered.load()()
    return made
