"""The page that says why there is no other one."""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from app.faces.api.problems import ProblemError, install, respond
from app.faces.api.responses import wants_page
from app.faces.dashboard.templates import page_environment
from app.policies.redaction import scrub

NOT_FOUND: Final = "Not found"
HEADINGS: Final = {404: NOT_FOUND, 503: "Not possible now"}
OTHERWISE: Final = "That did not work"


def problem_page(
    status: int, heading: str, said: str, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Render the page.

    Args:
        heading: A few words, in English.
        said: What is wrong and what to do, in English.
    """
    page = page_environment().get_template("page/problem.html")
    return HTMLResponse(page.render(heading=heading, said=said), status, headers)


def show_problems(app: FastAPI) -> None:
    """Let browsers that ask for a page have every problem as one."""

    def shown(request: Request, problem: ProblemError) -> Response:
        if not wants_page(request):
            return respond(problem, request.url.path)
        heading = HEADINGS.get(problem.status, OTHERWISE)
        return problem_page(problem.status, heading, scrub(problem.detail), problem.headers)

    install(app, shown)
