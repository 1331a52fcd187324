"""Whether spans are wanted: OpenTelemetry's own variables say so, and no other."""

import pytest

from app.policies.telemetry.exporting import Exporting, exporting

OTLP = ("otlp_proto_http",)
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: ""},
        {"OTEL_SERVICE_NAME": "alerts"},
        {"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://collector"},
        {"OTEL_SDK_DISABLED": "True", ENDPOINT: "http://collector"},
        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector"},
    ],
)
def test_nothing_is_exported_that_nobody_asks_for(environ: dict[str, str]) -> None:
    """No exporter and no endpoint for traces is set, or they are switched off."""
    assert exporting(environ) is None


@pytest.mark.parametrize(
    ("environ", "exporters", "because"),
    [
        ({ENDPOINT: "http://c"}, OTLP, ENDPOINT),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c", ENDPOINT: "http://d"},
            OTLP,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, OTLP, "OTEL_TRACES_EXPORTER"),
        (
            {"OTEL_TRACES_EXPORTER": "console, otlp,otlp", ENDPOINT: "http://c"},
            ("console", *OTLP),
            "OTEL_TRACES_EXPORTER",
        ),
        (
            {ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            ("otlp_proto_grpc",),
            ENDPOINT,
        ),
        (
            {ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
            ("otlp over http/json",),
            ENDPOINT,
        ),
    ],
)
def test_the_variables_name_the_exporter(
    environ: dict[str, str], exporters: tuple[str, ...], because: str
) -> None:
    """OTLP over HTTP unless they say otherwise; what nobody offers is found out later."""
    wanted = exporting(environ)
    assert wanted is not None
    assert (wanted.exporters, wanted.because) == (exporters, because)


@pytest.mark.parametrize(("text", "queue"), [("16", 16), ("0", 2048), ("many", 2048), ("", 2048)])
def test_the_queue_is_as_long_as_the_sdk_would_have_it(text: str, queue: int) -> None:
    """Its default stands in for what is no number."""
    wanted = exporting({ENDPOINT: "http://c", "OTEL_BSP_MAX_QUEUE_SIZE": text})
    assert wanted is not None
    assert wanted.queue == queue


def test_keys_passwords_and_paths_are_secrets() -> None:
    """As they are written, and decoded; a usual path is none."""
    wanted = exporting(
        {
            ENDPOINT: "https://me:p%40ss@collector:4318/tenant-7f3a",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://[broken",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20c2VjcmV0,x-empty=",
        }
    )
    assert wanted is not None
    assert {"p%40ss", "p@ss", "/tenant-7f3a", "c2VjcmV0"} <= wanted.secrets
    usual = exporting({ENDPOINT: "http://collector:4318/v1/traces"})
    assert usual == Exporting(
        ("otlp_proto_http",), ENDPOINT, endpoint="http://collector:4318/v1/traces"
    )
