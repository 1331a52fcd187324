"""The status page at ``/``, and its buttons for browsers without scripts."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.faces.api.bodies import read_form
from app.faces.api.dependencies import Running, Who
from app.faces.dashboard.actions import ACTIONS, act
from app.faces.dashboard.asking import question_page
from app.faces.dashboard.dead_letters import DeadLetterPeek
from app.faces.dashboard.flashes import FLASHES
from app.faces.dashboard.fleet import fleet_rows
from app.faces.dashboard.questions import QUESTIONS
from app.faces.dashboard.templates import page_environment
from app.faces.dashboard.view import (
    DEEDS,
    Filters,
    Page,
    attempts_view,
    inbox_view,
)
from app.faces.glance import MOST_DESTINATIONS
from app.faces.service import Service
from app.policies.texts.report import render_report


def dashboard_router() -> APIRouter:
    """Build the routes of the page; its files are served by ``mount_static``."""
    router = APIRouter(include_in_schema=False)
    peek = DeadLetterPeek()

    @router.get("/")
    async def page(
        request: Request,
        service: Running,
        status: str = "",
        channel: str = "",
        q: str = "",
        refresh: str = "",
        flash: str = "",
    ) -> HTMLResponse:
        query = {"status": status, "channel": channel, "q": q, "refresh": refresh}
        filters = Filters.of(query, service.channels)
        signed_in = service.sign_ins.who(request.headers.get("cookie"))
        return HTMLResponse(await _page(service, peek, filters, flash, signed_in))

    @router.get("/actions/{name}")
    async def ask(name: str) -> HTMLResponse:
        if name not in ACTIONS or name not in QUESTIONS:
            raise HTTPException(404)
        return await question_page(name, f"/actions/{name}", "/")

    @router.post("/actions/{name}")
    async def action(request: Request, service: Running, who: Who, name: str) -> RedirectResponse:
        if name not in ACTIONS:
            raise HTTPException(404)
        flash = await act(name, service, dict(await read_form(request)), who)
        return RedirectResponse(f"/?flash={flash}", 303)

    return router


async def _page(
    service: Service,
    peek: DeadLetterPeek,
    filters: Filters,
    flash: str,
    signed_in: str | None,
) -> str:
    snapshot = service.worker.snapshot()
    dead_letters = await peek.look(service.dead_letters, snapshot.group_id)
    now = datetime.now(UTC)
    destinations = await service.destinations.page(limit=MOST_DESTINATIONS)
    workers = fleet_rows(service.fleet(), snapshot.topics)
    progress, inbox = service.replayer.progress, inbox_view(service.inbox)

    def render() -> str:
        attempts, pace = attempts_view(service.attempts, filters, now)
        shown = Page(
            snapshot=snapshot,
            fleet=workers,
            destinations=destinations,
            report=render_report(snapshot, now.astimezone()),
            filters=filters,
            channels=service.channels.names,
            attempts=attempts,
            pace=pace,
            dead_letters=dead_letters,
            replay=progress,
            inbox=inbox,
            deeds=service.deeds.newest[:DEEDS],
            flash=FLASHES.get(flash),
            time=now.isoformat(),
            signed_in=signed_in,
        )
        page = page_environment().get_template("page/index.html")
        return page.render(page=shown, link=_link(filters))

    return await asyncio.to_thread(render)  # what people wrote may be long, and odd


def _link(filters: Filters) -> Callable[..., str]:
    """Return a function that makes links to this page: its own filters, with changes."""

    def link(**changes: str) -> str:
        query = urlencode(filters.given(**changes))
        return f"/?{query}" if query else "/"

    return link
