"""The SDK's side of spans: exported, dropped or lost, and said once."""

import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from app.doctor.findings import Finding, Verdict
from app.doctor.telemetry import check_telemetry
from app.edges.telemetry import open_telemetry
from app.language.choice import Language
from app.language.speaking import speaking, translate
from app.policies.telemetry.exporting import exporting
from app.values.trace import Telemetry, TraceContext
from tests.support.collector import Collector, collector, values
from tests.support.engine import until
from tests.support.http_server import Answer
from tests.support.service import free_port

if TYPE_CHECKING:
    from app.edges.telemetry.sdk import SdkTelemetry

REMOTE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "a=b")
Opening = Callable[..., AbstractAsyncContextManager["SdkTelemetry | None"]]


@pytest.fixture
def counts() -> Counter[str]:
    """What became of spans."""
    return Counter()


@pytest.fixture
async def traces() -> AsyncIterator[Collector]:
    """A collector that takes everything."""
    async with collector() as made:
        yield made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, counts: Counter[str]) -> Opening:
    """Return what opens telemetry with environment variables."""

    def count(result: str, spans: int) -> None:
        counts[result] += spans

    @asynccontextmanager
    async def opening(environ: dict[str, str]) -> AsyncIterator["SdkTelemetry | None"]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        async with open_telemetry(exporting(environ), "host:1", count) as made:
            yield made

    return opening


def trace(telemetry: Telemetry | None, number: int, parent: TraceContext | None = None) -> None:
    """Begin and end spans."""
    assert telemetry is not None
    for each in range(number):
        span = telemetry.begin("process t", parent, {"number": each}, 1.0)
        if span.is_recorded:
            span.end(2.0, {"id": "half of a pair: \ud83d"}, [("e", 1.5, {"text": "\udc00"})], "no")


async def test_spans_arrive_at_the_latest_when_the_service_ends(
    opened: Opening, traces: Collector, counts: Counter[str]
) -> None:
    """With what is said of the process, and whatever texts a producer wrote."""
    async with opened({**traces.settings, "OTEL_BSP_SCHEDULE_DELAY": "60000"}) as telemetry:
        trace(telemetry, 2, REMOTE)
        assert telemetry is not None
        assert telemetry.trouble is None
        assert traces.spans == []
    first, _ = traces.spans
    assert values(first.attributes)["id"] == "half of a pair: \\ud83d"
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (REMOTE.trace_id, REMOTE.span_id)
    assert (first.start_time_unix_nano, first.end_time_unix_nano) == (10**9, 2 * 10**9)
    said = traces.resource
    assert (said["service.name"], said["service.instance.id"]) == ("notification-worker", "host:1")
    assert counts == {"exported": 2}


async def test_what_does_not_fit_is_dropped_and_counted(
    opened: Opening, traces: Collector, counts: Counter[str]
) -> None:
    """Nobody waits until there is room."""
    few = {"OTEL_BSP_MAX_QUEUE_SIZE": "3", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "3"}
    environ = {**traces.settings, **few, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    async with collector(Answer(200, delay=0.2)) as slow:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = slow.server.url("")
        async with opened(environ) as telemetry:
            trace(telemetry, 20)
            assert telemetry is not None
            assert "faster than they are exported" in (telemetry.trouble or "")
            assert counts["dropped"] >= 20 - 2 * 3
    assert counts["dropped"] + counts["exported"] == 20


async def test_a_collector_that_is_away_is_said_and_forgotten_once_it_takes_spans(
    opened: Opening, counts: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What the exporter logs again and again stands in the condition, and not in the log."""
    async with collector(Answer(400)) as traces, opened(traces.settings) as telemetry:
        trace(telemetry, 1)
        assert telemetry is not None
        await until(lambda: telemetry.trouble is not None)
        assert "code: 400" in (telemetry.trouble or "")
        assert "spans lost so far: 1" in (telemetry.trouble or "")
        traces.server.behaviour = Answer(200)
        trace(telemetry, 1)
        await until(lambda: telemetry.trouble is None)
    assert counts == {"failed": 1, "exported": 1}
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry")]
    assert logging.getLogger("opentelemetry").propagate


async def test_what_is_not_sampled_is_not_exported_and_its_context_is_passed_on(
    opened: Opening, traces: Collector
) -> None:
    """The receiver learns that the span is not recorded."""
    async with opened({**traces.settings, "OTEL_TRACES_SAMPLER": "always_off"}) as telemetry:
        assert telemetry is not None
        span = telemetry.begin("process t", REMOTE, {}, 1.0)
        assert not span.is_recorded
        assert (span.context.trace_id, span.context.flags & 1) == (REMOTE.trace_id, 0)
        assert span.context.state == "a=b"
    assert traces.spans == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "smoke-signals"}, "asks for the exporter 'smoke-signals'"),
        (
            {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "9999"},
            "max_export_batch_size must be less",
        ),
    ],
)
async def test_what_cannot_be_used_is_said_and_the_service_goes_on_without(
    opened: Opening, environ: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Telemetry is no reason not to deliver."""
    async with opened(environ) as telemetry:
        assert telemetry is None
    assert said in caplog.text


async def test_a_variable_that_the_sdk_does_not_know_is_said(
    opened: Opening, traces: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on with its default."""
    async with opened({**traces.settings, "OTEL_TRACES_SAMPLER": "nonsense"}) as telemetry:
        assert telemetry is not None
    assert "OpenTelemetry says: " in caplog.text


async def test_an_extra_that_is_not_installed_is_said(
    opened: Opening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log and by the doctor, with what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    async with opened(environ) as telemetry:
        assert telemetry is None
    assert "Install notification-worker[otel]" in caplog.text
    (finding,) = await check_telemetry(exporting(environ))
    assert finding.verdict is Verdict.FAIL
    assert "OpenTelemetry is not installed" in finding.text


async def asked(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Finding:
    """Return what the doctor finds."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    (finding,) = await check_telemetry(exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}))
    return finding


async def test_the_doctor_asks_the_collector(
    monkeypatch: pytest.MonkeyPatch, traces: Collector
) -> None:
    """An empty batch is taken, or the reason is shown, without the endpoint's secrets."""
    taken = await asked(monkeypatch, traces.server.url("/tenant-7f3a/"))
    assert taken.verdict is Verdict.OK
    assert "tenant-7f3a" not in taken.text
    assert [each.path for each in traces.server.received] == ["/tenant-7f3a/v1/traces"]
    away = await asked(monkeypatch, f"http://127.0.0.1:{free_port()}/tenant-7f3a")
    assert away.verdict is Verdict.FAIL
    assert "Connection refused" in away.text
    assert "tenant-7f3a" not in away.text
    with speaking(Language.CHINESE):
        assert "：导出一批 spans 时出错（" in translate(away.text)
        assert "拒绝" in translate(away.text)
        assert "Transient" not in translate(away.text)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    unusable = await asked(monkeypatch, traces.server.url())
    assert "Invalid timeout value 'soon'" in unusable.text


async def test_the_doctor_leaves_out_what_nobody_asks_for() -> None:
    """And says which variable would."""
    (finding,) = await check_telemetry(None)
    assert finding.verdict is Verdict.SKIP
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in finding.text
