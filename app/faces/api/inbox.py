"""The development inbox: its messages, and how it answers."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from app.faces.api import examples
from app.faces.api.bodies import read_json
from app.faces.api.dependencies import Inbox
from app.faces.api.openapi import json_answer, json_body, reference
from app.faces.api.responses import JsonResponse, made
from app.values.inbox import InboxCard

router = APIRouter(prefix="/inbox", tags=["inbox"])


class Behaviour(msgspec.Struct, frozen=True):
    """The body of ``PUT /inbox/behaviour``."""

    behaviour: Literal["ok", "slow", "rate_limited", "error"]


class Received(msgspec.Struct, frozen=True):
    """The answer of ``GET /inbox``: the newest first."""

    behaviour: str
    cards: tuple[InboxCard, ...]


@router.get(
    "",
    summary="The messages that the inbox has received",
    responses={200: json_answer("Newest first", Received("ok", (examples.INBOX_CARD,)))},
)
async def cards(inbox: Inbox, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> JsonResponse:
    """Return its messages; 404 if there is no inbox."""
    received = Received(inbox.behaviour, inbox.cards(limit))
    return await made(lambda: received)


@router.put(
    "/behaviour",
    summary="Let the inbox answer slowly, with 429 or with errors",
    openapi_extra=json_body(reference(Behaviour), slow={"behaviour": "slow"}),
    responses={200: json_answer("How it answers now", {"behaviour": "slow"})},
)
async def behave(request: Request, inbox: Inbox) -> JsonResponse:
    """Change how the inbox answers from now on, to watch the worker cope."""
    wanted = await read_json(request, Behaviour)
    inbox.behave(wanted.behaviour)
    return JsonResponse(wanted)


@router.delete("", status_code=204, summary="Empty the inbox")
async def clear(inbox: Inbox) -> Response:
    """Forget its messages."""
    inbox.clear()
    return Response(status_code=204)
