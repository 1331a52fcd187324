"""Calls that look after destinations: list, pause, resume, test."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from app.faces.api import examples
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_answer
from app.faces.api.parameters import Blank
from app.faces.api.responses import JsonResponse, wants_page
from app.faces.dashboard.asking import question_page
from app.faces.dashboard.destinations import destination_page, destinations_page
from app.values.destinations import DestinationSort
from app.values.snapshot import DestinationState

router = APIRouter(tags=["destinations"])

LARGEST_CURSOR = 1_000_000

Text = Annotated[str, Field(max_length=200, description="Text to look for")]
Cursor = Annotated[int, Field(ge=0, le=LARGEST_CURSOR)]
Identity = Annotated[str, Path(min_length=1, max_length=100, description="Its id")]
_ONE: dict[int | str, dict[str, Any]] = {200: json_answer("How it is now", examples.DESTINATION)}


@router.get(
    "/destinations",
    summary="Destinations, the worst first",
    responses={200: json_answer("As this worker knows them", examples.DESTINATIONS)},
)
async def destinations(
    request: Request,
    service: Running,
    *,
    q: Annotated[Text | None, Blank] = None,
    state: Annotated[DestinationState | None, Blank] = None,
    sort: Annotated[DestinationSort | None, Blank] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[Cursor | None, Blank] = None,
) -> Response:
    """List the destinations that this worker has sent to, and those that are paused."""
    page = await service.destinations.page(
        query=q,
        state=state,
        sort=sort or DestinationSort.WORST,
        limit=limit,
        cursor=cursor or 0,
    )
    if wants_page(request):
        return await destinations_page(page, dict(request.query_params))
    return JsonResponse(page)


@router.get("/destinations/{identity}", summary="One destination", responses=_ONE)
async def destination(
    request: Request,
    service: Running,
    identity: Identity,
    done: Annotated[Literal["paused", "resumed"] | None, Query(include_in_schema=False)] = None,
) -> Response:
    """Return one destination; browsers get its page, with chart, attempts and errors."""
    shown = await service.destinations.get(identity)
    if wants_page(request):
        return await destination_page(service, shown, done=done)
    return JsonResponse(shown)


@router.get("/destinations/{identity}/pause", include_in_schema=False)
async def ask_to_pause(service: Running, identity: Identity) -> Response:
    """Ask a browser without scripts first."""
    await service.destinations.get(identity)
    page = f"/destinations/{identity}"
    return await question_page("destination-pause", f"{page}/pause", page)


@router.post("/destinations/{identity}/pause", summary="Pause a destination", responses=_ONE)
async def pause_destination(request: Request, service: Running, identity: Identity) -> Response:
    """Put aside what is for it, on every worker of the group and over restarts; nothing is lost."""
    shown = await service.destinations.pause(identity, request.state.who)
    service.deeds.add(request.state.who, f"The destination {shown.label} was paused.")
    if wants_page(request):
        return RedirectResponse(f"/destinations/{shown.id}?done=paused", 303)
    return JsonResponse(shown)


@router.post("/destinations/{identity}/resume", summary="Resume a destination", responses=_ONE)
async def resume_destination(request: Request, service: Running, identity: Identity) -> Response:
    """Send what waits for it at once; ask a broken, denied or gone one again at once."""
    shown = await service.destinations.resume(identity, request.state.who)
    service.deeds.add(request.state.who, f"The destination {shown.label} was resumed.")
    if wants_page(request):
        return RedirectResponse(f"/destinations/{shown.id}?done=resumed", 303)
    return JsonResponse(shown)


@router.post(
    "/destinations/{identity}/test",
    summary="Send one test notification to a destination",
    responses={200: json_answer("What it said", examples.TEST_ANSWER)},
)
async def try_destination(request: Request, service: Running, identity: Identity) -> Response:
    """Send it straight there, even if it is paused, and return the answer."""
    answer = await service.destinations.test(identity, request.state.who)
    service.deeds.add(request.state.who, f"The destination {answer.destination.label} was tested.")
    if wants_page(request):
        return await destination_page(service, answer.destination, test=answer)
    return JsonResponse(answer)
