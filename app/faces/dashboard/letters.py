"""Pages about dead letters: search, what they have in common, and their replay with its plan."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from msgspec.structs import replace
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.faces import doing
from app.faces.api.bodies import read_form
from app.faces.api.choices import MOST_CAUSES, Chosen, Filter, places_of
from app.faces.api.dependencies import Running, Who
from app.faces.api.problems import Fault, unusable
from app.faces.dashboard.templates import page_environment
from app.faces.service import Service
from app.policies.service.choosing import words_for
from app.policies.texts.plain_text import clip
from app.values.dead_letter import DeadLetter, DeadLetterOverview, DeadLetterPage
from app.values.errors import BusyError, NotifierError
from app.values.replay import EVERYTHING, Replay, Selection

logger = logging.getLogger(__name__)

SHOWN = 50
PLAN_PATIENCE = 30.0
"""Seconds that a page waits for a plan, for which the whole topic is read."""
MOST_IDS = 500
LONGEST_VALUE = 20_000
"""Characters of a dead letter that its page shows."""
FIELDS = ("q", "reason", "destination", "group", "since", "until", "cause")
"""What a search may name."""
TOO_SLOW = "Kafka could not be read in time. Try again, or choose fewer."

Given = list[tuple[str, str]]
"""Names and values of a query or a form, as they came."""


async def letters_page(
    service: Service, wanted: Selection, cursor: str | None, given: Given
) -> HTMLResponse:
    """Render what was searched for: of this service's group, unless another one is named.

    Args:
        cursor: Where the page before ended; None for the first.

    Raises:
        ValueError: Not a cursor.
    """
    own = service.worker.snapshot().group_id
    group = wanted.group or own
    error = None
    try:
        overview = await service.dead_letters.overview(
            replace(wanted, group=group), group=group, limit=SHOWN, cursor=cursor
        )
    except NotifierError as failed:
        overview, error = DeadLetterOverview(DeadLetterPage((), None)), str(failed)
    filters = [(name, value) for name, value in given if name in FIELDS and value]

    def link(**changes: str) -> str:
        kept = [(name, value) for name, value in filters if name not in changes]
        query = urlencode([*kept, *((name, value) for name, value in changes.items() if value)])
        return f"/dead-letters?{query}" if query else "/dead-letters"

    return await asyncio.to_thread(
        _render,
        "page/letters.html",
        503 if error else 200,
        overview=overview,
        error=error,
        filters=dict(filters),
        group=group,
        own=own,
        replay=service.replayer.progress,
        link=link,
    )


async def letter_page(letter: DeadLetter, own: str) -> HTMLResponse:
    """Render one dead letter."""
    value = letter.value if letter.value is None else clip(letter.value, LONGEST_VALUE)
    return await asyncio.to_thread(
        _render, "page/letter.html", 200, letter=letter, own=own, value=value
    )


def letters_router() -> APIRouter:
    """Build the routes of a replay's plan, for browsers."""
    router = APIRouter(include_in_schema=False)

    @router.get("/dead-letters/plan")
    async def plan(
        request: Request,
        service: Running,
        wanted: Chosen,
        *,
        id: Annotated[list[str], Query(max_length=MOST_IDS)] = [],  # noqa: A002, B006 - the field's name
        all: str = "",  # noqa: A002
    ) -> HTMLResponse:
        given = request.query_params.multi_items()
        if all:
            return await _plan_page(service, wanted, given)
        chosen = Selection(places=places_of(id, "query") if id else None, causes=wanted.causes)
        return await _plan_page(service, chosen, given)

    @router.post("/dead-letters/plan")
    async def begin(request: Request, service: Running, who: Who) -> Response:
        given = await read_form(request)
        chosen, rate = _choice(given), _rate(given)
        try:
            await doing.replay(service, who, chosen, rate)
        except NotifierError as error:
            status = 409 if isinstance(error, BusyError) else 503
            return await _plan_page(service, chosen, given, str(error), status)
        return RedirectResponse("/dead-letters", 303)

    return router


async def _plan_page(
    service: Service, chosen: Selection, given: Given, error: str | None = None, status: int = 200
) -> HTMLResponse:
    """Render the plan of a replay, or why there is none."""
    planned = Replay(choice=words_for(chosen))
    named = dict(given)
    if chosen == EVERYTHING and "all" not in named:
        error, status = "Nothing is chosen: tick dead letters or causes first.", 422
    elif error is None:
        try:
            async with asyncio.timeout(PLAN_PATIENCE):
                planned = await service.replayer.plan(chosen)
        except TimeoutError:
            error, status = TOO_SLOW, 503
        except NotifierError as failed:
            logger.warning("the page cannot plan a replay: %r", failed)
            error, status = str(failed), 503
    return await asyncio.to_thread(
        _render,
        "page/plan.html",
        status,
        plan=planned,
        error=error,
        fields=[(name, value) for name, value in given if value and name != "rate"],
        rate=named.get("rate", ""),
        replay=service.replayer.progress,
    )


def _choice(given: Given) -> Selection:
    """Return the choice that a form makes, as the query of its page made it."""
    ids = [value for name, value in given if name == "id"]
    causes = [value for name, value in given if name == "cause"][:MOST_CAUSES]
    named = {name: value for name, value in given if name in FIELDS and value}
    if "all" not in dict(given):
        if not ids and not causes:
            raise unusable([Fault("body", "nothing is chosen", "id")])
        named = {}
    filled: Mapping[str, object] = {**named, **({"cause": causes} if causes else {})}
    try:
        chosen = msgspec.convert(filled, Filter).selection()
    except msgspec.ValidationError as error:
        raise unusable([Fault("body", str(error))]) from error
    return replace(chosen, places=places_of(ids, "body")) if ids else chosen


def _rate(given: Iterable[tuple[str, str]]) -> float | None:
    text = dict(given).get("rate", "").strip()
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 100_000:
        raise unusable([Fault("body", "it is not a number from above 0 to 100,000", "rate")])
    return rate


def _render(template: str, status: int, **shown: object) -> HTMLResponse:
    page = page_environment().get_template(template)
    return HTMLResponse(page.render(**shown), status)
