"""Calls that trace one notification and search the history, over the whole group."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.faces.api import examples
from app.faces.api.dependencies import Running
from app.faces.api.openapi import json_answer
from app.faces.api.parameters import Blank, Moment
from app.faces.api.problems import Fault, ProblemError, unusable
from app.faces.api.responses import made, wants_page
from app.faces.dashboard.story import history_page, story_page
from app.policies.books.history_search import Sought
from app.policies.service import passes

router = APIRouter(tags=["history"])


class SettledAs(StrEnum):
    """How a notification was settled, or that it was deferred."""

    SENT = "sent"
    PARTIAL = "partial"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    DEFERRED = "deferred"


LONGEST_ASKED: Final = 4000
"""Characters of an id: more would not fit into a request line to another worker."""
Text = Annotated[str, Field(max_length=200)]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}\.[0-9]{1,6}$")]


@router.get(
    "/history",
    summary="What became of notifications, in the whole group",
    responses={200: json_answer("Newest first", examples.HISTORY)},
)
async def history(
    request: Request,
    service: Running,
    *,
    q: Annotated[Text | None, Blank] = None,
    user: Annotated[Text | None, Blank] = None,
    status: Annotated[SettledAs | None, Blank] = None,
    channel: Annotated[Text | None, Blank] = None,
    destination: Annotated[Text | None, Blank] = None,
    since: Annotated[Moment | None, Blank] = None,
    until: Annotated[Moment | None, Blank] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[Cursor | None, Blank] = None,
) -> Response:
    """Read the history topic; ``next_cursor`` leads to older ones, a page may have fewer.

    Deferred notifications are listed with ``status=deferred`` only.
    """
    if since is not None and until is not None and since >= until:
        raise unusable([Fault("query", "it is not before 'until'", "since")])
    sought = Sought(
        q=(q or "").strip() or None,
        user=user,
        status=status.value if status else None,
        channel=channel,
        destination=destination,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
    )
    offset, _, place = (cursor or "").partition(".")
    page = await service.tracer.page(sought, limit, (int(offset), int(place)) if cursor else None)
    if wants_page(request):
        given = dict(request.query_params)
        return await history_page(page, given)
    return await made(lambda: page)


@router.get(
    "/notifications/{message_id:path}",
    summary="One notification: where it is, and every attempt",
    responses={200: json_answer("Its story so far", examples.STORY)},
)
async def notification(
    request: Request,
    service: Running,
    message_id: Annotated[
        str,
        Path(
            min_length=1,
            max_length=LONGEST_ASKED,
            description="Its message_id, or topic:partition:offset of one without",
        ),
    ],
) -> Response:
    """Look for it in this worker, the history, the other workers, and what Kafka has of it."""
    if passes.HEADER in request.headers:  # another worker asks
        held = await service.tracer.held(message_id)
        if held is None:
            raise ProblemError(404, "This worker does not hold it.")
        return await made(partial(_same, held))
    story, oldest = await service.tracer.trace(message_id)
    if story is None:
        raise ProblemError(404, _missing(message_id, oldest))
    if wants_page(request):
        return await story_page(story)
    return await made(partial(_same, story))


def _same(value: object) -> object:
    return value


def _missing(message_id: str, oldest: float | None) -> str:
    shown = message_id if len(message_id) <= 100 else f"{message_id[:100]}…"
    if oldest is None:
        looked = "no history is kept, or it is empty"
    else:
        since = datetime.fromtimestamp(oldest, UTC).isoformat(timespec="seconds")
        looked = f"the history goes back to {since}"
    return (
        f"Nothing is known of a notification {shown!r}: {looked}; what Kafka holds that is not"
        " committed, deferred or dead was looked through as well. If it has no message_id, ask for"
        " topic:partition:offset."
    )
