"""Calls that look back: delivery attempts and dead letters."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.faces.api import examples
from app.faces.api.choices import Chosen
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_answer
from app.faces.api.parameters import Blank
from app.faces.api.problems import Fault, ProblemError, unusable
from app.faces.api.responses import JsonResponse, made, wants_page
from app.faces.dashboard.letters import letter_page, letters_page
from app.values.snapshot import AttemptStatus

router = APIRouter(tags=["history"])

MAX_OFFSET = 2**63 - 1
MAX_PARTITION = 2**31 - 1


ChannelName = Annotated[str, Field(max_length=50)]
Needle = Annotated[str, Field(max_length=200, description="Text to look for")]
AttemptCursor = Annotated[int, Field(ge=0, le=MAX_OFFSET)]
DeadLetterCursor = Annotated[str, Field(max_length=1000)]


@router.get(
    "/deliveries",
    summary="The last delivery attempts",
    responses={200: json_answer("Newest first", examples.DELIVERIES)},
)
async def deliveries(
    service: Running,
    *,
    status: Annotated[AttemptStatus | None, Blank] = None,
    channel: Annotated[ChannelName | None, Blank] = None,
    q: Annotated[Needle | None, Blank] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[AttemptCursor | None, Blank] = None,
) -> JsonResponse:
    """Return attempts from memory; ``next_cursor`` leads to older ones."""
    page = partial(
        service.attempts.page, status=status, channel=channel, query=q, limit=limit, cursor=cursor
    )
    return await made(page)


@router.get(
    "/dead-letters",
    summary="The dead letters",
    responses={200: json_answer("Newest first", examples.DEAD_LETTERS)},
)
async def dead_letters(
    request: Request,
    service: Running,
    wanted: Chosen,
    *,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[DeadLetterCursor | None, Blank] = None,
) -> Response:
    """Read the dead-letter topic itself; ``next_cursor`` leads to older ones.

    A page may have fewer than ``limit``, if much had to be read to find them: ``looked_back_to``
    says how far back it was.
    """
    try:
        if wants_page(request):
            return await letters_page(service, wanted, cursor, request.query_params.multi_items())
        page = await service.dead_letters.page(wanted, limit=limit, cursor=cursor)
    except ValueError as error:
        problem = "it is not a cursor of this call; take next_cursor of the page before"
        raise unusable([Fault("query", problem, "cursor")]) from error
    return await made(lambda: page)


@router.get(
    "/dead-letters/{partition}/{offset}",
    summary="One dead letter, with value and headers",
    responses={200: json_answer("The dead letter", examples.DEAD_LETTER)},
)
async def dead_letter(
    request: Request,
    service: Running,
    partition: Annotated[int, Path(ge=0, le=MAX_PARTITION)],
    offset: Annotated[int, Path(ge=0, le=MAX_OFFSET)],
) -> Response:
    """Read one record of the dead-letter topic; browsers get its page."""
    letter = await service.dead_letters.get(partition, offset)
    if letter is None:
        raise ProblemError(
            404,
            f"The dead-letter topic has no record at {partition}/{offset}."
            " GET /dead-letters lists what it has.",
        )
    if wants_page(request):
        return await letter_page(letter, service.worker.snapshot().group_id)
    return await made(lambda: letter)
