"""Spans of notifications, each from its record to its answers."""

import logging
from typing import Final

from msgspec.structs import replace

from app.engine.clock import EngineClock
from app.engine.inflight.item import Item
from app.engine.inflight.leaving import why_dead
from app.policies.headers.trace_context import context_texts, read_trace_context
from app.policies.redaction import NO_SECRETS, Secrets, scrub, veil
from app.policies.routing import Routed
from app.policies.telemetry.spans import at_first, at_last, events_of, is_failure, name_of
from app.policies.texts.plain_text import clip
from app.values.trace import OpenSpan, Telemetry

log = logging.getLogger(__name__)

LONGEST_ID: Final = 200
LONGEST_ERROR: Final = 500
BROKEN: Final = (
    "a fault in telemetry, which is off until the next start; no delivery is touched by it."
    " Please report it with the traceback in the log"
)


class Spans:
    """Begins a span for each record that is taken, and ends it when that is settled.

    Its trouble is never a delivery's: what goes wrong here ends telemetry and nothing else.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        group_id: str,
        clock: EngineClock,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self._telemetry = telemetry
        self._group_id = group_id
        self._clock = clock
        self._secrets = secrets
        self._is_broken = False

    @property
    def trouble(self) -> str | None:
        """Why spans are lost, and what that means; None if they are not."""
        if self._is_broken:
            return BROKEN
        trouble = self._telemetry.trouble
        return None if trouble is None else scrub(trouble, self._secrets)

    def begin(self, item: Item) -> None:
        """Begin the span of an item that was taken."""
        if self._is_broken:
            return
        record = item.record
        try:
            item.span = self._telemetry.begin(
                name_of(record),
                read_trace_context(record.headers),
                at_first(record, self._group_id),
                self._clock.now(),
            )
        except Exception as error:  # noqa: BLE001 - of a library, or of this service's
            self._break(error)

    def end(self, item: Item, outcome: str) -> None:
        """End the span of an item.

        Args:
            item: About which nothing more is done here.
            outcome: How it was settled: a verdict, or ``deferred``, ``duplicate``, ``parked``.
        """
        span = item.span
        if span is None or not span.is_recorded:
            return
        try:
            reason, why = self._why(item) if is_failure(outcome) else (None, None)
            attributes = at_last(
                outcome,
                message_id=self._id_of(item),
                origin=item.origin.coordinates if item.deferred_before else None,
                reason=reason,
            )
            span.end(self._clock.now(), attributes, events_of(item.tries or ()), why)
        except Exception as error:  # noqa: BLE001 - of a library, or of this service's
            self._break(error)

    def _break(self, error: Exception) -> None:
        if not self._is_broken:
            log.error("telemetry is off until the next start", exc_info=error)
        self._is_broken = True

    def _why(self, item: Item) -> tuple[str, str]:
        reason, _, error = why_dead(item).partition(": ")
        return reason, veil(clip(error, LONGEST_ERROR), self._secrets)

    def _id_of(self, item: Item) -> str | None:
        told = item.notification
        if told is None or told.message_id is None:
            return None
        return veil(clip(told.message_id, LONGEST_ID), self._secrets)


def traced(routed: Routed, span: OpenSpan) -> Routed:
    """Return an item's deliveries so that receivers can go on with its trace."""
    trace = context_texts(span.context)
    return replace(
        routed, deliveries=tuple(replace(each, trace=trace) for each in routed.deliveries)
    )
