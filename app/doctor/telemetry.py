"""Checks of where traces go."""

from app.doctor.findings import Finding, bounded, fail, ok, skip
from app.edges.telemetry import send_nothing, where
from app.policies.redaction import scrub
from app.policies.telemetry.exporting import Exporting

_REMEDY = "docs/operations.md#telemetry says which variables there are."


async def check_telemetry(wanted: Exporting | None) -> list[Finding]:
    """Send an empty batch to the collector, if one is named."""
    if wanted is None:
        return [
            skip("telemetry", "nothing asks for traces (OTEL_EXPORTER_OTLP_ENDPOINT is not set)")
        ]
    return await bounded("telemetry", _ask(wanted), _REMEDY)


async def _ask(wanted: Exporting) -> list[Finding]:
    if (fault := await send_nothing(wanted)) is not None:
        return [fail("telemetry", f"{where(wanted)}: {scrub(fault, wanted.secrets)}", _REMEDY)]
    return [ok("telemetry", where(wanted))]
