"""OpenTelemetry, which may not be installed: nothing of it is loaded before somebody wants it."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.edges.aside import Aside
from app.policies.redaction import redact
from app.policies.telemetry.exporting import Exporting
from app.values.errors import NotifierError

if TYPE_CHECKING:
    from app.edges.telemetry.sdk import SdkTelemetry

log = logging.getLogger(__name__)

PACKAGE = "notification-worker"
OFFERED = "opentelemetry_traces_exporter"
"""Under which name packages offer exporters."""


class TelemetryError(NotifierError):
    """Spans are wanted and cannot be sent; the text says why and what to do."""


def check_installed(wanted: Exporting) -> None:
    """See to it that everything is there.

    Raises:
        TelemetryError: OpenTelemetry or an exporter is missing.
    """
    try:
        is_there = find_spec("opentelemetry.sdk") is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        raise TelemetryError(
            f"{wanted.because} asks for traces, and OpenTelemetry is not installed: no span is"
            " sent. Install notification-worker[otel], or unset that variable"
        )
    for name in wanted.exporters:
        if not entry_points(group=OFFERED, name=name):
            raise TelemetryError(
                f"{wanted.because} asks for the exporter {name!r}, which no installed package"
                " offers: no span is sent. Install its package, or name another"
            )


def where(wanted: Exporting) -> str:
    """Say where spans go, without secrets."""
    by = ", ".join(wanted.exporters)
    return f"{by} at {redact(wanted.endpoint)}" if wanted.endpoint else by


@asynccontextmanager
async def open_telemetry(
    wanted: Exporting | None, instance: str, count: Callable[[str, int], None]
) -> AsyncIterator["SdkTelemetry | None"]:
    """Yield what takes spans; None if none are wanted, or they cannot be sent, which is logged.

    Args:
        count: Takes what became of how many spans.
    """
    telemetry = None if wanted is None else _opened(wanted, instance, count)
    try:
        yield telemetry
    finally:
        if telemetry is not None:
            await telemetry.close()


def _opened(
    wanted: Exporting, instance: str, count: Callable[[str, int], None]
) -> "SdkTelemetry | None":
    try:
        check_installed(wanted)
        from app.edges.telemetry.sdk import SdkTelemetry  # noqa: PLC0415 - it may be missing

        with _usable():
            telemetry = SdkTelemetry(wanted, _resource(instance), count)
    except TelemetryError as error:  # deliveries do without
        log.warning("%s", error)
        return None
    log.info("traces go to %s (from %s)", where(wanted), wanted.because)
    return telemetry


@contextmanager
def _usable() -> Iterator[None]:
    """Translate errors: OpenTelemetry raises what it likes about its variables."""
    try:
        yield
    except Exception as error:
        raise TelemetryError(
            f"traces cannot be sent, by OpenTelemetry's variables: {error}"
        ) from error


def _resource(instance: str) -> Mapping[str, str]:
    return {
        "service.name": PACKAGE,
        "service.version": version(PACKAGE),
        "service.instance.id": instance,
    }


async def send_nothing(wanted: Exporting) -> str | None:
    """Ask a collector whether it takes spans, by sending it none; return what is wrong, or None.

    Raises:
        TelemetryError: It cannot be asked.
    """
    check_installed(wanted)
    from app.edges.telemetry.exporters import ask  # noqa: PLC0415 - as above

    aside = Aside(name="ask the collector of traces")
    try:
        with _usable():
            return await aside.run(lambda: ask(wanted))
    finally:
        aside.close()
