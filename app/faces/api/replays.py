"""Replaying dead letters."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request

from app.faces import doing
from app.faces.api import examples
from app.faces.api.bodies import read_json
from app.faces.api.choices import Filter, places_of
from app.faces.api.dependencies import Running, Who
from app.faces.api.openapi import json_answer, json_body, reference
from app.faces.api.problems import Fault, unusable
from app.faces.api.responses import JsonResponse
from app.values.replay import Selection

router = APIRouter(tags=["history"])

MAX_IDS = 10_000


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /dead-letters/replay``: either ids or a filter.

    Attributes:
        ids: ``partition/offset``, as ``GET /dead-letters`` has them.
        dry_run: Return the plan, and do nothing.
        rate: The most that are sent in a second; without one, as fast as Kafka takes them.
    """

    ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_IDS)] | None = None
    filter: Filter | None = None
    dry_run: bool = False
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None


@router.post(
    "/dead-letters/replay",
    status_code=202,
    summary="Send dead letters again",
    openapi_extra=json_body(
        reference(ReplayRequest),
        ids={"ids": ["3/17"]},
        filter={"filter": {"reason": "exhausted"}, "rate": 50},
        dry_run={"filter": {}, "dry_run": True},
    ),
    responses={
        200: json_answer("The plan of a dry run", examples.REPLAY_PLAN),
        202: json_answer("It has begun; GET tells how far it is", examples.REPLAY),
    },
)
async def replay(request: Request, service: Running, who: Who) -> JsonResponse:
    """Send dead letters to the targets that still lack them, for this consumer group alone.

    It goes on in the background, one replay at a time. One that ends early can be made again: what
    was replayed is marked, and left out.
    """
    wanted = await read_json(request, ReplayRequest)
    selection = _selection(wanted)
    if wanted.dry_run:
        return JsonResponse(await service.replayer.plan(selection))
    return JsonResponse(await doing.replay(service, who, selection, wanted.rate), 202)


@router.get(
    "/dead-letters/replay",
    summary="How far the replay is",
    responses={200: json_answer("The current one, or the last", examples.REPLAY)},
)
async def progress(service: Running) -> JsonResponse:
    """Return the current replay, else the last one of this process."""
    return JsonResponse(service.replayer.progress)


def _selection(wanted: ReplayRequest) -> Selection:
    if (wanted.ids is None) == (wanted.filter is None):
        raise unusable(
            [Fault("body", "give either ids or filter; an empty filter means all dead letters")]
        )
    if wanted.ids is not None:
        return Selection(places=places_of(wanted.ids, "body"))
    return (wanted.filter or Filter()).selection()
