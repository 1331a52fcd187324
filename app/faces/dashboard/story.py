"""Pages about notifications: the story of one, and the history."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse

from app.faces.dashboard.templates import page_environment
from app.values.history import HistoryPage, Settled, Story

FIELDS = ("q", "user", "status", "channel", "destination", "since", "until")


async def story_page(story: Story) -> HTMLResponse:
    """Render one notification's story, beside the event loop."""
    return await asyncio.to_thread(_render, "page/story.html", 200, story=story)


async def history_page(page: HistoryPage, given: Mapping[str, str]) -> HTMLResponse:
    """Render a page of the history."""
    filters = {name: given.get(name, "") for name in FIELDS}
    older = None
    if page.next_cursor is not None:
        kept = {name: value for name, value in filters.items() if value}
        older = f"/history?{urlencode({**kept, 'cursor': page.next_cursor})}"
    return await asyncio.to_thread(
        _render, "page/history.html", 200, rows=page.history, filters=filters, older=older
    )


def path_of(settled: Settled | Story) -> str:
    """Return the address of a notification's page."""
    name = settled.id or ":".join(settled.origin.rsplit("/", 2))
    return f"/notifications/{quote(name, safe='')}"


def _render(template: str, status: int, **shown: object) -> HTMLResponse:
    page = page_environment().get_template(template)
    return HTMLResponse(page.render(path_of=path_of, **shown), status)
