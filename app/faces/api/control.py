"""Calls for operators: start, stop, pause, reload, log level."""

from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request

from app.faces import doing
from app.faces.api import examples
from app.faces.api.bodies import read_json
from app.faces.api.dependencies import Running, Who
from app.faces.api.openapi import json_answer, json_body, reference
from app.faces.api.responses import JsonResponse

router = APIRouter(tags=["control"])

_DONE: dict[int | str, dict[str, Any]] = {200: json_answer("The new state", examples.HEALTH)}


class LogLevel(msgspec.Struct, frozen=True):
    """The body of ``PUT /log-level``."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@router.post(
    "/start",
    summary="Start consuming",
    responses={**_DONE, 202: json_answer("Kafka is away; it goes on trying", examples.STARTING)},
)
async def start(service: Running, who: Who) -> JsonResponse:
    """Start the worker; nothing happens if it runs. Answers after 10 s at the latest."""
    is_done = await doing.start(service, who)
    return JsonResponse(service.worker.get_health_status(), 200 if is_done else 202)


@router.post("/stop", summary="Stop consuming", responses=_DONE)
async def stop(service: Running, who: Who, *, drain: bool = True) -> JsonResponse:
    """Stop the worker; without ``drain`` it does not wait for started deliveries."""
    await doing.stop(service, who, drain=drain)
    return JsonResponse(service.worker.get_health_status())


@router.post("/pause", summary="Stop fetching, stay in the group", responses=_DONE)
async def pause(service: Running, who: Who) -> JsonResponse:
    """Deliver the notifications that have been fetched, and fetch no more."""
    doing.pause(service, who)
    return JsonResponse(service.worker.get_health_status())


@router.post("/resume", summary="Fetch again, ask broken destinations again", responses=_DONE)
async def resume(service: Running, who: Who) -> JsonResponse:
    """Undo ``/pause``, and ask broken and gone destinations again at once."""
    doing.resume(service, who)
    return JsonResponse(service.worker.get_health_status())


@router.post(
    "/reload",
    summary="Read recipients and templates anew",
    responses={
        200: json_answer("How many there are now", {"users": 2, "groups": 1, "templates": 3})
    },
)
async def reload(service: Running, who: Who) -> JsonResponse:
    """Check the files and put them in force; with a fault in any, the old ones stay."""
    return JsonResponse(doing.reload(service, who))


@router.put(
    "/log-level",
    summary="Change the log level",
    openapi_extra=json_body(reference(LogLevel), DEBUG={"level": "DEBUG"}),
    responses={200: json_answer("The level in force", {"level": "DEBUG"})},
)
async def log_level(request: Request, service: Running, who: Who) -> JsonResponse:
    """Log more or less from now on, until the next start."""
    wanted = await read_json(request, LogLevel)
    doing.set_log_level(service, who, wanted.level)
    return JsonResponse(wanted)
