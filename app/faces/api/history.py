"""Calls that look back: delivery attempts and dead letters."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator, Field

from app.faces.api import examples
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_answer
from app.faces.api.problems import Fault, ProblemError, unusable
from app.faces.api.responses import JsonResponse, made
from app.values.outcome import Reason
from app.values.snapshot import AttemptStatus

router = APIRouter(tags=["history"])

MAX_OFFSET = 2**63 - 1
MAX_PARTITION = 2**31 - 1


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


# A form without JavaScript sends every field, the empty ones too.
Blank = BeforeValidator(_none_if_empty)
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
    service: Running,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[DeadLetterCursor | None, Blank] = None,
    reason: Annotated[Reason | None, Blank] = None,
) -> JsonResponse:
    """Read the dead-letter topic itself; ``next_cursor`` leads to older ones."""
    try:
        page = await service.dead_letters.page(
            limit=limit, cursor=cursor, reason=None if reason is None else reason.value
        )
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
    service: Running,
    partition: Annotated[int, Path(ge=0, le=MAX_PARTITION)],
    offset: Annotated[int, Path(ge=0, le=MAX_OFFSET)],
) -> JsonResponse:
    """Read one record of the dead-letter topic."""
    letter = await service.dead_letters.get(partition, offset)
    if letter is None:
        raise ProblemError(
            404,
            f"The dead-letter topic has no record at {partition}/{offset}."
            " GET /dead-letters lists what it has.",
        )
    return await made(lambda: letter)
