"""The trace context of a record, by W3C Trace Context: ``traceparent`` and ``tracestate``.

Headers come from strangers. What cannot be used is as good as not there.
"""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from app.values.record import Record
from app.values.trace import TraceContext

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
LONGEST_STATE = 512
"""Characters: what a tracing system may count on being passed on."""

_PARENT = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.{0,400})?"
)
_STATE = re.compile(rb"[\x20-\x7e]+=[\x20-\x7e]+")
_FIRST_VERSION = b"00"


def read_trace_context(headers: Iterable[tuple[str, bytes | None]]) -> TraceContext | None:
    """Return the context that a record carries, or a request, or None.

    Of several the last one that can be used: the service adds its own behind those that cannot.
    """
    found, state = None, ""
    for name, value in headers:
        if value is None:
            continue
        if name == TRACEPARENT:
            found = _read(value) or found
        elif name == TRACESTATE and len(value) <= LONGEST_STATE and _STATE.fullmatch(value):
            state = value.decode("ascii")
    return replace(found, state=state) if found is not None and state else found


def context_texts(context: TraceContext) -> tuple[tuple[str, str], ...]:
    """Return the headers that pass a context on."""
    parent = f"00-{context.trace_id}-{context.span_id}-{context.flags:02x}"
    if not context.state:
        return ((TRACEPARENT, parent),)
    return ((TRACEPARENT, parent), (TRACESTATE, context.state))


def carrying(record: Record, context: TraceContext) -> Record:
    """Return a record so that whoever reads it goes on with its trace.

    The context that its producer gave it stays: whatever becomes of it belongs to that. Only one
    that has none is given that of its first span.
    """
    if read_trace_context(record.headers) is not None:
        return record
    ours = tuple((name, text.encode("ascii")) for name, text in context_texts(context))
    return replace(record, headers=(*record.headers, *ours))


def _read(value: bytes) -> TraceContext | None:
    match = _PARENT.fullmatch(value.strip(b" \t"))
    if match is None or (match[1] == _FIRST_VERSION and match[5] is not None):
        return None  # versions to come may add something at the end
    return TraceContext(match[2].decode(), match[3].decode(), int(match[4], 16))
