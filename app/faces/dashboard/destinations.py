"""Pages about destinations: the list, and one of each."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from app.faces.dashboard.flashes import FLASHES, Flash
from app.faces.dashboard.templates import page_environment
from app.faces.dashboard.view import RECENT, Pace
from app.faces.service import Service
from app.values.channel import AddressKind
from app.values.destinations import (
    DestinationAnswer,
    DestinationPage,
    DestinationSort,
    DestinationView,
)
from app.values.rates import Rates
from app.values.snapshot import DestinationState

FIELDS: Final = ("q", "state", "sort")
SORTS: Final = (
    (DestinationSort.WORST, "Worst first"),
    (DestinationSort.NAME, "By name"),
    (DestinationSort.WAITING, "Most waiting"),
    (DestinationSort.FAILED, "Most failed"),
    (DestinationSort.SENT, "Most sent"),
    (DestinationSort.RECENT, "Asked last"),
)


async def destinations_page(shown: DestinationPage, given: Mapping[str, str]) -> HTMLResponse:
    """Render a page of the list."""
    filters = {name: given.get(name, "") for name in FIELDS}
    cursor, limit = int(given.get("cursor") or 0), int(given.get("limit") or 50)

    def link(to: int) -> str:
        kept = {**filters, "limit": given.get("limit", ""), "cursor": str(to) if to else ""}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"/destinations?{query}" if query else "/destinations"

    return await asyncio.to_thread(
        _render,
        "page/destination_list.html",
        shown=shown,
        filters=filters,
        states=[state.value for state in DestinationState],
        sorts=[(sort.value, label) for sort, label in SORTS],
        first=min(cursor + 1, shown.total),
        last=cursor + len(shown.destinations),
        before=link(max(cursor - limit, 0)) if cursor else None,
        after=None if shown.next_cursor is None else link(shown.next_cursor),
    )


async def destination_page(
    service: Service,
    shown: DestinationView,
    *,
    done: str | None = None,
    test: DestinationAnswer | None = None,
) -> HTMLResponse:
    """Render the page of one destination.

    Args:
        done: What was done just now: ``paused`` or ``resumed``.
        test: What it said to a test, if it was tested just now.
    """
    pace = _pace(service.rates(1, shown.label))
    query = attempts_query(service, shown)
    flash = FLASHES[f"destination-{done}"] if done else _answer(test) if test else None

    def render() -> HTMLResponse:
        attempts = service.attempts.page(
            channel=query.get("channel"), query=query.get("q"), limit=RECENT
        )
        return _render(
            "page/destination.html",
            d=shown,
            flash=flash,
            pace=pace,
            attempts=attempts.deliveries,
            attempts_query=urlencode(query),
        )

    return await asyncio.to_thread(render)  # what people wrote may be long, and odd


def attempts_query(service: Service, shown: DestinationView) -> dict[str, str]:
    """Return what finds a destination's attempts: its address, or its channel if it serves many."""
    channels = service.channels
    if shown.channel in channels and channels[shown.channel].kind is not AddressKind.URL:
        return {"channel": shown.channel}
    return {"q": shown.label[:200]}


def _answer(test: DestinationAnswer) -> Flash:
    if test.accepted:
        return FLASHES["destination-accepted"]
    return Flash("bad", f"The destination did not accept the test: {test.said}")


def _pace(rates: Rates) -> Pace:
    """Return the last minute as the charts say it in words."""
    attempts = sum(each.attempts for each in rates.rates)
    known = [each for each in rates.rates if each.latency_ms_p50 is not None]
    last = known[-1] if known else None
    return Pace(
        attempts / 60,
        None if last is None or last.latency_ms_p50 is None else last.latency_ms_p50 / 1000,
        None if last is None or last.latency_ms_p95 is None else last.latency_ms_p95 / 1000,
    )


def _render(template: str, **shown: object) -> HTMLResponse:
    return HTMLResponse(page_environment().get_template(template).render(**shown))
