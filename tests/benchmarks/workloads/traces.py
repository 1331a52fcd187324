"""What OpenTelemetry's spans cost: the service without them, with all, and with a few."""

from tests.benchmarks.bench import DESTINATIONS, Bench
from tests.benchmarks.competitors import Service
from tests.benchmarks.workloads import interleaved

IN_FLIGHT = 64
SAMPLES = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}


async def spans(bench: Bench) -> None:
    """Processor time for a delivery, in turns; the sink takes the spans, too."""
    if bench.brief or not bench.kafka.real:
        bench.report.say("(traces: not run: on real Kafka, and in a quick run only by its name)")
        return
    topic = await bench.filled_topic("instant", sent=bench.size(*interleaved.RECORDS))
    wanted = {"OTEL_EXPORTER_OTLP_ENDPOINT": bench.sink.url("~spans", 0)}
    services = [
        Service(title="no spans"),
        Service(title="a span for each", settings=wanted),
        Service(title="a span for one of a hundred", settings=wanted | SAMPLES),
    ]
    bench.report.heading(
        f"What traces cost, {IN_FLIGHT} in flight",
        f"Sink answers at once, {DESTINATIONS} destinations; as above, in turns.",
    )
    rows = await interleaved.taking_turns(bench, topic, services, IN_FLIGHT)
    bench.report.table(interleaved.COLUMNS, rows)
