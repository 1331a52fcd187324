"""Trace context: what strangers write is read as W3C has it, or is as good as not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.policies.headers.trace_context import carrying, context_texts, read_trace_context
from app.values.record import Headers
from app.values.trace import TraceContext
from tests.support.engine import record

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01".encode()
KNOWN = TraceContext(TRACE, SPAN, 1)

_PIECES = {
    "version": st.sampled_from(["00", "01", "cc", "ff", "0", "0G"]),
    "trace": st.sampled_from([TRACE, TRACE.upper(), "0" * 32, TRACE[:-1], TRACE + "a"]),
    "span": st.sampled_from([SPAN, "0" * 16, SPAN[:-1], "x" * 16]),
    "flags": st.sampled_from(["00", "01", "ff", "1", "-1"]),
    "rest": st.sampled_from(["", "-", "-more", "more", " ", "\t", "\n"]),
}
NEARLY = st.fixed_dictionaries(_PIECES).map(
    lambda of: f"{of['version']}-{of['trace']}-{of['span']}-{of['flags']}{of['rest']}"
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["traceparent", "tracestate", "Traceparent", "other"]),
        st.none() | st.binary(max_size=600) | NEARLY.map(str.encode) | st.just(GOOD),
    ),
    max_size=5,
).map(tuple)


@given(NEARLY)
def test_what_is_nearly_right_is_taken_as_opentelemetry_takes_it(text: str) -> None:
    """Its own propagator says yes and no to the same, but for a line break at the end."""
    carrier = {"traceparent": text.rstrip("\n")}
    theirs = trace.get_current_span(TraceContextTextMapPropagator().extract(carrier))
    found = read_trace_context((("traceparent", text.rstrip("\n").encode()),))
    if not theirs.get_span_context().is_valid:
        assert found is None
        return
    assert found is not None
    assert int(found.trace_id, 16) == theirs.get_span_context().trace_id
    assert int(found.span_id, 16) == theirs.get_span_context().span_id
    assert found.flags == theirs.get_span_context().trace_flags


@given(HEADERS)
def test_whatever_headers_there_are_what_is_passed_on_can_be(headers: Headers) -> None:
    """Nothing raises, and each line that follows from them is one of printable ASCII."""
    found = read_trace_context(headers)
    if found is None:
        return
    texts = dict(context_texts(found))
    assert all(text.isascii() and text.isprintable() for text in texts.values())
    again = tuple((name, text.encode()) for name, text in texts.items())
    assert read_trace_context(again) == found


@pytest.mark.parametrize(
    "state", [b"", b"no pairs", b"a=" + b"x" * 600, "a=ü".encode(), b"a=b\r\nc: d"]
)
def test_a_bad_state_is_left_out_alone(state: bytes) -> None:
    """The context itself is good."""
    assert read_trace_context((("traceparent", GOOD), ("tracestate", state))) == KNOWN


@given(HEADERS)
def test_a_record_that_moves_on_keeps_its_headers_and_has_a_context(headers: Headers) -> None:
    """The producer's own is not replaced; moved a second time, nothing is added."""
    ours = TraceContext("1" * 32, "2" * 16, 1, "a=b")
    moved = carrying(record(headers=headers), ours)
    assert moved.headers[: len(headers)] == headers
    before, after = read_trace_context(headers), read_trace_context(moved.headers)
    assert after == before if before is not None else after == ours
    assert carrying(moved, TraceContext("3" * 32, "4" * 16, 0)) == moved
