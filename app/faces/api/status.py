"""How the worker is: health for probes, figures for people and programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from app.faces.api import examples
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_answer, text_answer
from app.faces.api.problems import ProblemError
from app.faces.api.responses import JsonResponse
from app.policies.texts.report import render_report

router = APIRouter(tags=["status"])


@router.get(
    "/health",
    summary="Is the worker doing its work?",
    responses={
        200: json_answer("It makes progress, or was stopped on purpose", examples.HEALTH),
        503: json_answer("It should, and does not", examples.UNHEALTHY),
    },
)
async def health(service: Running) -> JsonResponse:
    """Answer 503 with ``problem`` when the worker should be running and makes no progress."""
    body = service.worker.get_health_status()
    return JsonResponse(body, 200 if body.get("problem") is None else 503)


@router.get(
    "/health/live",
    summary="Should the process be restarted?",
    responses={200: json_answer("Event loop and tasks are alive", {"status": "live"})},
)
async def live(service: Running) -> JsonResponse:
    """Answer 503 when only a restart helps. Never depends on Kafka or a destination."""
    reason = service.worker.not_live()
    if reason is not None:
        raise ProblemError(503, f"{reason}. Restart the process.")
    return JsonResponse({"status": "live"})


@router.get(
    "/health/ready",
    summary="Does the worker take notifications?",
    responses={200: json_answer("It has joined the group", {"status": "ready"})},
)
async def ready(service: Running) -> JsonResponse:
    """Answer 503 until the group is joined, and while draining."""
    reason = service.worker.not_ready()
    if reason is not None:
        raise ProblemError(503, f"{reason}. GET /health says more.")
    return JsonResponse({"status": "ready"})


@router.get(
    "/stats",
    summary="Every figure there is",
    responses={200: json_answer("Counts since the process started", examples.SNAPSHOT)},
)
async def stats(service: Running) -> JsonResponse:
    """Return the snapshot that page, report and metrics show as well."""
    return JsonResponse(service.worker.snapshot())


@router.get(
    "/workers",
    summary="Every worker of the group",
    responses={200: json_answer("Those that are alive, and their sums", examples.FLEET)},
)
async def workers(service: Running) -> JsonResponse:
    """Return the workers that are alive, on any machine, as each has told the group of itself.

    One that was killed is gone within 15 seconds, one that stopped at once.
    """
    return JsonResponse(service.fleet())


@router.get(
    "/rates",
    summary="Attempts and latencies over time",
    responses={200: json_answer("Oldest first, five seconds each", examples.RATES)},
)
async def rates(
    service: Running,
    minutes: Annotated[int, Query(ge=1, le=60)] = 5,
    destination: Annotated[
        str | None, Query(max_length=1000, description="Its redacted address, as in /stats")
    ] = None,
) -> JsonResponse:
    """Return what this worker's own counters say, true from its first second."""
    if destination is not None:
        service.destinations.check_label(destination)
    return JsonResponse(service.rates(minutes, destination))


@router.get(
    "/report",
    summary="The terminal report",
    response_class=PlainTextResponse,
    responses={200: text_answer("The report", "text/plain", examples.REPORT)},
)
async def report(service: Running) -> PlainTextResponse:
    """Return the report that the worker prints, in this machine's local time."""
    text = render_report(service.worker.snapshot(), datetime.now().astimezone())
    return PlainTextResponse(f"{text}\n")


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=PlainTextResponse,
    responses={200: text_answer("Text or OpenMetrics format", "text/plain", examples.EXPOSITION)},
)
async def metrics(request: Request, service: Running) -> Response:
    """Return every figure in the format that the ``Accept`` header asks for."""
    body, content_type = service.metrics.render(request.headers.get("accept", ""))
    return Response(body, media_type=content_type)
