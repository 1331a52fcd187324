"""Spans of notifications: each from its record to its answers, and none in the way."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from app.edges.kafka.log_reader import LogReader
from app.edges.metrics import Metrics
from app.engine.attempts import AttemptLog
from app.engine.history import History
from app.engine.observer import Observer
from app.engine.spans import BROKEN, Spans
from app.policies.books.statistics import Statistics
from app.policies.headers.trace_context import read_trace_context
from app.policies.redaction import Secrets
from app.values.outcome import Rejected, Retry
from app.values.record import Record
from app.values.trace import Attribute, Event, TraceContext
from tests.support.engine import NoProducer, ScriptedChannel, until
from tests.support.stage import Stage, envelope
from tests.unit.engine.control.test_publisher import Bench

DAY = 86_400.0


class RememberedSpan:
    """A span that a test looks at."""

    is_recorded = True
    is_broken = False

    def __init__(self, name: str, parent: TraceContext | None, number: int) -> None:
        self.name = name
        self.parent = parent
        trace = parent.trace_id if parent is not None else f"{number:032x}"
        self.context = TraceContext(trace, f"{number:016x}", 1)
        self.attributes: dict[str, Attribute] = {}
        self.events: list[str] = []
        self.error: str | None = None
        self.ended = 0

    def end(
        self,
        at: float,
        attributes: Mapping[str, Attribute],
        events: Sequence[Event],
        error: str | None,
    ) -> None:
        """Remember it."""
        del at
        if self.is_broken:
            raise ValueError("a fault of the library's")
        self.attributes |= attributes
        self.events += [name for name, _, _ in events]
        self.error = error
        self.ended += 1

    @property
    def outcome(self) -> Attribute:
        """How the notification was settled."""
        assert self.ended == 1
        return self.attributes["notifier.outcome"]


class RememberingTelemetry:
    """Keeps every span in the order of their beginnings; breaks if a test says so."""

    trouble: str | None = None
    broken = ""

    def __init__(self) -> None:
        self.spans: list[RememberedSpan] = []

    def begin(
        self,
        name: str,
        parent: TraceContext | None,
        attributes: Mapping[str, Attribute],
        at: float,
    ) -> RememberedSpan:
        """Begin one."""
        del at
        if self.broken == "at the beginning":
            raise ValueError("a fault of the library's")
        made = RememberedSpan(name, parent, len(self.spans) + 1)
        made.is_broken = self.broken == "at the end"
        made.attributes |= attributes
        self.spans.append(made)
        return made


@pytest.fixture
def telemetry(stage: Stage) -> RememberingTelemetry:
    """Spans are wanted, and no history is kept."""
    made, clock = RememberingTelemetry(), stage.clock
    history = History(NoProducer(), None, clock, traced=True)  # type: ignore[arg-type]
    spans = Spans(made, "group", clock, Secrets(["hush"]))
    stage.observer = Observer(Statistics(), AttemptLog(), Metrics(), clock, history, spans)
    return made


async def records(stage: Stage, topic: str) -> list[Record]:
    """Return what stands in a topic of the group's own."""
    async with LogReader(stage.connection, topic, 5) as log:
        ranges = {number: offsets for number, offsets in (await log.ranges()).items() if offsets}
        stretches = await log.read(ranges, lambda _: True) if ranges else {}
    return [one for stretch in stretches.values() for one in stretch.records]


async def test_attempts_are_events_and_receivers_are_told_the_span(
    stage: Stage, telemetry: RememberingTelemetry
) -> None:
    """What went wrong before is in it; so is the name of the notification, without secrets."""
    stage.channel = ScriptedChannel([[Retry("busy")]])
    worker = await stage.running()
    await stage.publish(envelope(message_id="m-hush"))
    await until(lambda: worker.snapshot().messages_sent == 1)
    (span,) = telemetry.spans
    assert (span.name, span.outcome, span.error) == ("process notifications", "sent", None)
    assert span.attributes["messaging.message.id"] == "m-***"
    assert span.attributes["messaging.consumer.group.name"] == "group"
    assert span.events == ["notifier.retry", "notifier.delivered"]
    expected = (("traceparent", f"00-{span.context.trace_id}-{span.context.span_id}-01"),)
    assert [each.trace for each in stage.channel.sent] == [expected] * 2


async def test_what_is_deferred_goes_on_in_the_same_trace(
    stage: Stage, telemetry: RememberingTelemetry
) -> None:
    """Its producer began none: the first span's context goes with it; the next one is its child."""
    stage.channel = ScriptedChannel([[Retry("busy")]] * 3)
    worker = await stage.running(max_age=DAY)
    await stage.publish(envelope(message_id="m-1"))
    await until(lambda: worker.snapshot().messages_deferred == 1)
    stage.clock.let_pass(31)
    await until(lambda: worker.snapshot().messages_sent == 1)
    first, second = telemetry.spans
    assert (first.outcome, second.outcome) == ("deferred", "sent")
    assert (first.parent, second.parent) == (None, first.context)
    assert second.name == "process notifications.retry.30s"
    assert second.attributes["notifier.origin"] == "notifications/0/0"


async def test_whoever_publishes_over_http_is_the_parent(
    stage: Stage, telemetry: RememberingTelemetry
) -> None:
    """The record is given the context of the request."""
    worker = await stage.running()
    context = TraceContext("ab" * 16, "cd" * 8, 1, "a=b")
    publisher = Bench(stage.producer).publisher
    await publisher.publish([msgspec.json.encode(envelope())], None, context)
    await until(lambda: worker.snapshot().messages_sent == 1)
    (span,) = telemetry.spans
    assert span.parent == context


async def test_what_fails_says_why_and_its_dead_letter_names_the_trace(
    stage: Stage, telemetry: RememberingTelemetry
) -> None:
    """A record that cannot be read has a span, too."""
    stage.channel = ScriptedChannel([[Rejected("400 hush")]])
    worker = await stage.running()
    await stage.publish(b"nonsense", envelope())
    await until(lambda: worker.snapshot().messages_failed == 2)
    invalid, rejected = telemetry.spans
    assert (invalid.outcome, invalid.attributes["error.type"]) == ("failed", "invalid")
    assert (rejected.outcome, rejected.attributes["error.type"]) == ("failed", "rejected")
    assert rejected.error == "400 ***"
    dead = await records(stage, "notifications.dlq")
    assert [read_trace_context(each.headers) for each in dead] == [
        invalid.context,
        rejected.context,
    ]


async def test_a_repeat_is_called_one(stage: Stage, telemetry: RememberingTelemetry) -> None:
    """It is a record of its own and is sent to nobody."""
    worker = await stage.running()
    value = envelope(message_id="m-1")
    await stage.publish(value, value)
    await until(lambda: worker.snapshot().messages_duplicate == 1)
    await until(lambda: worker.snapshot().messages_sent == 1)
    assert sorted(str(each.outcome) for each in telemetry.spans) == ["duplicate", "sent"]


@pytest.mark.parametrize("when", ["at the beginning", "at the end"])
async def test_a_fault_in_telemetry_ends_telemetry_and_nothing_else(
    stage: Stage,
    telemetry: RememberingTelemetry,
    caplog: pytest.LogCaptureFixture,
    when: str,
) -> None:
    """Everything is delivered; it is logged once, and said until the next start."""
    telemetry.broken = when
    worker = await stage.running()
    await stage.publish(envelope("one"), envelope("two"))
    await until(lambda: worker.snapshot().messages_sent == 2)
    spans = stage.observer.spans
    assert spans is not None
    await until(lambda: spans.trouble == BROKEN)
    assert [each.getMessage() for each in caplog.records].count(
        "telemetry is off until the next start"
    ) == 1


async def test_the_story_names_the_trace_while_it_is_held(
    stage: Stage, telemetry: RememberingTelemetry
) -> None:
    """Whoever asks need not wait for the collector."""
    worker = await stage.running()
    gate = await stage.publish_held(worker, 1)
    await stage.publish(envelope(message_id="m-2"))
    await until(lambda: worker.holding.held("m-2") is not None)
    held = worker.holding.held("m-2")
    assert held is not None
    assert held.trace_id == telemetry.spans[-1].context.trace_id
    gate.set()
