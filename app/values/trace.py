"""Where a notification stands in somebody's trace (W3C Trace Context)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

Attribute = str | int | float | bool
Event = tuple[str, float, Mapping[str, Attribute]]
"""Name, seconds since the epoch, attributes."""


class TraceContext(msgspec.Struct, frozen=True, gc=False):
    """A span's name in the whole world."""

    trace_id: str  # 32 hexadecimal digits
    span_id: str  # 16 hexadecimal digits
    flags: int  # of which the lowest says that the span is recorded
    state: str = ""  # what tracing systems say to each other, as it came


class OpenSpan(Protocol):
    """A span that has begun and not ended."""

    @property
    def context(self) -> TraceContext:
        """Its own."""
        ...

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it: not every one is, if samples are taken."""
        ...

    def end(
        self,
        at: float,
        attributes: Mapping[str, Attribute],
        events: Sequence[Event],
        error: str | None,
    ) -> None:
        """End it.

        Args:
            attributes: Beside those that it began with.
            events: Within it, in their order.
            error: Why the work was not done; None if it was.
        """
        ...


class Telemetry(Protocol):
    """Begins spans and sees to it that they get where they are wanted."""

    @property
    def trouble(self) -> str | None:
        """Why spans are lost, and what that means; None if they are not."""
        ...

    def begin(
        self,
        name: str,
        parent: TraceContext | None,
        attributes: Mapping[str, Attribute],
        at: float,
    ) -> OpenSpan:
        """Begin the span of a consumed message.

        Args:
            parent: The message's own context.
        """
        ...
