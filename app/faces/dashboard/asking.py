"""The page that asks before something is done, for browsers without scripts."""

import asyncio

from starlette.responses import HTMLResponse

from app.faces.dashboard.questions import QUESTIONS
from app.faces.dashboard.templates import page_environment


async def question_page(name: str, path: str, back: str) -> HTMLResponse:
    """Render the page that asks, for browsers without scripts.

    Args:
        path: Where its form goes, and does it.
        back: The page that the button is on.
    """

    def render() -> str:
        page = page_environment().get_template("page/question.html")
        return page.render(question=QUESTIONS[name], path=path, back=back)

    return HTMLResponse(await asyncio.to_thread(render))
